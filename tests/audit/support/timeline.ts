import { attempts, type Attempt } from '../../support/load/client.js';

/** The requests of all clients in one second. */
export interface Second {
  readonly requests: number;
  readonly failed: number;
  /** Milliseconds; 0 without a response. */
  readonly p99: number;
}

/** The time of a fault, in seconds since the timeline began. */
export interface Mark {
  readonly number: number;
  readonly fault: string;
  readonly from: number;
  readonly to: number;
}

/** Counts every request that the load sends, second by second. */
export class Timeline {
  readonly marks: Mark[] = [];
  requests = 0;
  failed = 0;
  private readonly beganAt = performance.now();
  private readonly bins: { failed: number; completed: number[] }[] = [];
  private readonly listen = (attempt: Attempt): void => this.add(attempt);

  constructor() {
    attempts.on('attempt', this.listen);
  }

  stop(): void {
    attempts.off('attempt', this.listen);
  }

  /** @param from and `to`: of performance.now() */
  mark(fault: string, from: number, to: number): void {
    const number = this.marks.length + 1;
    this.marks.push({ number, fault, from: this.secondsOf(from), to: this.secondsOf(to) });
  }

  get seconds(): readonly Second[] {
    return Array.from({ length: this.bins.length }, (_, n) => {
      const { failed, completed } = this.bins[n] ?? { failed: 0, completed: [] };
      return { requests: failed + completed.length, failed, p99: p99Of(completed) };
    });
  }

  private add({ at, ms, failed }: Attempt): void {
    const second = Math.floor(this.secondsOf(at));
    const bin = (this.bins[second] ??= { failed: 0, completed: [] });
    this.requests += 1;
    if (failed) this.failed += 1;
    if (failed) bin.failed += 1;
    else bin.completed.push(ms);
  }

  private secondsOf(now: number): number {
    return (now - this.beganAt) / 1_000;
  }
}

function p99Of(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? 0;
}
