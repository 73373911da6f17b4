export interface BoundSettings {
  readonly start: number;
  readonly min: number;
  readonly max: number;
  /** Milliseconds that requests may queue at the service before the bound shrinks. */
  readonly targetWaitMs: number;
}

/**
 * A moment's stall (a checkpoint, a busy neighbour) makes a few dozen requests wait some hundred milliseconds: that is
 * no overload, so the bound shrinks later than that, and never below what a clone works on side by side anyway.
 */
export const DEFAULT_BOUND: BoundSettings = { start: 256, min: 64, max: 2_048, targetWaitMs: 400 };

// One bad moment shows in many replies at once: it counts once.
const SHRINK_AT_MOST_EVERY_MS = 200;
const SHRINK_TO = 0.75;
// A full service replies late to all: while others get replies at once, a request without one was lost or waits for
// something else.
const PROMPT_FOR_MS = 1_000;

/**
 * How many requests to one service may be in flight from this process, as TCP bounds its packets: while requests are
 * served promptly and the bound is used, it doubles with each round of replies until the first time that they queue for
 * too long; then it shrinks by a quarter, and from there on grows by about one a round. What is over the bound is
 * refused at once instead of queueing.
 */
export class InFlightBound {
  private currentBound: number;
  private inFlightCount = 0;
  private shrunkAt = Number.NEGATIVE_INFINITY;
  private hasShrunk = false;
  private promptAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly settings: BoundSettings = DEFAULT_BOUND,
    private readonly onChange?: (bound: number, inFlight: number) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.currentBound = settings.start;
  }

  get bound(): number {
    return Math.floor(this.currentBound);
  }

  get inFlight(): number {
    return this.inFlightCount;
  }

  get isFull(): boolean {
    return this.inFlightCount >= this.bound;
  }

  /** False when there are too many already. Each true is followed by one `leave` or `end`. */
  enter(): boolean {
    if (this.isFull) return false;
    this.inFlightCount += 1;
    return true;
  }

  /** @param waitMs how long the request queued, by the reply; null when no reply came */
  leave(waitMs: number | null): void {
    const wasUsed = this.inFlightCount * 2 > this.currentBound;
    this.inFlightCount -= 1;
    if (waitMs === null && this.now() - this.promptAt < PROMPT_FOR_MS) return;
    if (waitMs === null || waitMs > this.settings.targetWaitMs) return this.shrink();
    this.promptAt = this.now();
    if (wasUsed)
      this.set(Math.min(this.settings.max, this.currentBound + (this.hasShrunk ? 1 / this.currentBound : 1)));
  }

  /** A request ended that says nothing of how busy the service is. */
  end(): void {
    this.inFlightCount -= 1;
  }

  private shrink(): void {
    const now = this.now();
    if (now - this.shrunkAt < SHRINK_AT_MOST_EVERY_MS) return;
    this.shrunkAt = now;
    this.hasShrunk = true;
    this.set(Math.max(this.settings.min, this.currentBound * SHRINK_TO));
  }

  private set(bound: number): void {
    const before = this.bound;
    this.currentBound = bound;
    if (this.bound !== before) this.onChange?.(this.bound, this.inFlightCount);
  }
}
