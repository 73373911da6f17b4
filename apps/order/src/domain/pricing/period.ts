/** When a rule holds; null on a side without an end. */
export interface Period {
  readonly from: string | null;
  readonly until: string | null;
}

const begin = ({ from }: Period): number => (from === null ? -Infinity : Date.parse(from));
const end = ({ until }: Period): number => (until === null ? Infinity : Date.parse(until));

/** `until` is the first moment at which a rule does not hold any more. */
export function holdsAt(period: Period, now: Date): 'holds' | 'not yet' | 'over' {
  if (now.getTime() < begin(period)) return 'not yet';
  return now.getTime() < end(period) ? 'holds' : 'over';
}

export const overlap = (a: Period, b: Period): boolean => begin(a) < end(b) && begin(b) < end(a);

export const isEmpty = (period: Period): boolean => begin(period) >= end(period);
