const DAY = 86_400_000;
const MOST_DAYS = 366;

/** Why a period of days can't be reported on; undefined: it can. */
export function problemOf({ from, until }: { readonly from: string; readonly until: string }): string | undefined {
  const days = (Date.parse(until) - Date.parse(from)) / DAY;
  if (days < 0) return 'The last day is before the first.';
  return days > MOST_DAYS ? `A report is on ${MOST_DAYS} days at most.` : undefined;
}
