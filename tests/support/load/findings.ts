/** A write that was completed, for how long writes waited. */
export interface TimedWrite {
  readonly service: 'profile' | 'cart';
  readonly bucket: number;
  /** Of performance.now(). */
  readonly startedAt: number;
  readonly ms: number;
}

/**
 * The outcome of a write, or of its event; `wrong`: half done, stale, out of order, or not as it should be otherwise;
 * `stuck`: begun, and not decided in time.
 */
export type Kind = 'lost' | 'doubled' | 'wrong' | 'stuck';

export interface Complaint {
  readonly kind: Kind;
  readonly text: string;
}

/** So many are kept in words; all are counted. */
const KEPT = 20;

/** Findings of a load: how much it did, how long writes took, and everything that must not be. */
export class Findings {
  readonly counts: Record<string, number> = {};
  readonly writes: TimedWrite[] = [];
  readonly violations: string[] = [];
  readonly kinds: Record<Kind, number> = { lost: 0, doubled: 0, wrong: 0, stuck: 0 };

  get violationCount(): number {
    return Object.values(this.kinds).reduce((sum, each) => sum + each, 0);
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  /** Something is lost, doubled, stale, half done or out of order. */
  violation(what: string, kind: Kind = 'wrong'): void {
    this.kinds[kind] += 1;
    if (this.violations.length < KEPT) this.violations.push(what);
  }
}
