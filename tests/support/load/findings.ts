/** A write that was answered, for how long writes waited. */
export interface TimedWrite {
  readonly service: 'profile' | 'cart';
  readonly bucket: number;
  /** Of performance.now(). */
  readonly startedAt: number;
  readonly ms: number;
}

/** So many are kept in words; all are counted. */
const KEPT = 20;

/** What the load saw: how much it did, how long writes took, and everything that must not be. */
export class Findings {
  readonly counts: Record<string, number> = {};
  readonly writes: TimedWrite[] = [];
  readonly violations: string[] = [];
  violationCount = 0;

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  /** Something is lost, doubled, stale, half done or out of order. */
  violation(what: string): void {
    this.violationCount += 1;
    if (this.violations.length < KEPT) this.violations.push(what);
  }
}
