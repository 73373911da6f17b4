const DAY_MS = 86_400_000;

/** The day of a moment in UTC, as `2026-11-24`. */
export const dayOf = (moment: Date): string => moment.toISOString().slice(0, 10);

/** The moment at which a day in UTC begins. */
export const startOf = (day: string): Date => new Date(`${day}T00:00:00Z`);

/** The day so many days later, or earlier. */
export const daysAfter = (day: string, days: number): string => dayOf(new Date(startOf(day).getTime() + days * DAY_MS));

/** How many days there are from the first to the last, both included; 0 or less when the last is before the first. */
export const countDays = (first: string, last: string): number =>
  (startOf(last).getTime() - startOf(first).getTime()) / DAY_MS + 1;

/** The day and those after it. */
export const daysFrom = (first: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => daysAfter(first, n));
