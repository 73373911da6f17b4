import { backoff, spread } from '@stoa/timing';

/** One try a second costs a server nothing, and its events wait no longer than that once it is back. */
const MOST_MS = 1_000;

/**
 * Keeps work from a server that takes none.
 *
 * closed: all work goes through. → open, when the server failed: work waits; after each pause, which grows with the
 * failures, one is let through as a probe. → closed, as soon as anything succeeds: all that waits goes through.
 *
 * Probes are let through whether or not the one before was answered: one whose handler waits for something else must
 * not keep the others.
 */
export class Circuit {
  private failures = 0;
  /** A pause is over, and nobody waited: the next that comes is the probe. */
  private isDue = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly waiting: ((isProbe: boolean) => void)[] = [];

  /** @param firstPauseMs milliseconds before the first probe */
  constructor(private readonly firstPauseMs: number) {}

  get isOpen(): boolean {
    return this.failures > 0;
  }

  /**
   * Resolves when the caller may try, at once while closed; or when it is not wanted any more.
   * @param isWanted asked before it waits, and after `recheck`
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

  /** The server has answered. */
  close(): void {
    if (!this.isOpen) return;
    clearTimeout(this.timer);
    this.failures = 0;
    this.recheck();
  }

  /** Lets go those who wait and are not wanted any more. */
  recheck(): void {
    for (const go of this.waiting.splice(0)) go(false);
  }

  /** The server has failed. What was under way when the first failure came says nothing new. */
  failed(isProbe: boolean): void {
    if (this.isOpen && !isProbe) return;
    this.failures += 1;
    this.startPause();
  }

  private startPause(): void {
    this.isDue = false;
    clearTimeout(this.timer);
    const pauseMs = spread(backoff(this.failures, this.firstPauseMs, MOST_MS));
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
