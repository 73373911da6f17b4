import { backoff, spread } from '@stoa/timing';

/** One try a second costs a server nothing, and its events wait no longer than that once it is back. */
const LONGEST_PAUSE_MS = 1_000;

/**
 * WaitingCircuit exists to keep work from a server that does none; it works by letting only probes through while the
 * server fails. All other work waits, where the circuit of a pool (@stoa/postgres) refuses it.
 *
 * closed: all work goes through. → open, when the server failed: work waits; after each pause, which grows with the
 * failures, one is let through as a probe. → closed, as soon as anything succeeds: all that waits goes through.
 *
 * A probe is let through even while the one before is in work: one whose handler waits for something else must not hold
 * up the others.
 */
export class WaitingCircuit {
  private failures = 0;
  /** A pause is over, and nobody waited: the next caller is the probe. */
  private isDue = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly waiting: ((isProbe: boolean) => void)[] = [];

  /** @param firstPauseMs milliseconds before the first probe */
  constructor(private readonly firstPauseMs: number) {}

  get isOpen(): boolean {
    return this.failures > 0;
  }

  /**
   * Resolves when the caller may try, at once while closed; or when the work is not wanted any more.
   * @param isWanted called before it waits, and after `recheck`
   * @returns whether it is a probe, for `failed`
   */
  async turn(isWanted: () => boolean): Promise<boolean> {
    while (this.isOpen && isWanted()) {
      if (this.isDue) {
        this.startPause();
        return true;
      }
      if (await new Promise<boolean>((resolve) => this.waiting.push(resolve))) return true;
    }
    return false;
  }

  /** Closes the circuit: the server works. */
  close(): void {
    if (!this.isOpen) return;
    clearTimeout(this.timer);
    this.failures = 0;
    this.recheck();
  }

  /** Ends the wait of work that is not wanted any more. */
  recheck(): void {
    for (const go of this.waiting.splice(0)) go(false);
  }

  /**
   * Counts a failure of the server. While the circuit is open only a probe's counts: the others began before it opened.
   */
  failed(isProbe: boolean): void {
    if (this.isOpen && !isProbe) return;
    this.failures += 1;
    this.startPause();
  }

  private startPause(): void {
    this.isDue = false;
    clearTimeout(this.timer);
    const pauseMs = spread(backoff(this.failures, this.firstPauseMs, LONGEST_PAUSE_MS));
    this.timer = setTimeout(() => this.letOneThrough(), pauseMs);
    this.timer.unref();
  }

  private letOneThrough(): void {
    const next = this.waiting.shift();
    if (!next) {
      this.isDue = true;
      return;
    }
    next(true);
    this.startPause();
  }
}
