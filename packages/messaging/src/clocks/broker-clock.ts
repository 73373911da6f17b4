/**
 * The broker's time, by which deadlines are counted: never this machine's wall clock, which may jump, and which other
 * machines do not share. A ping (a record appended with LogAppendTime) shows the broker's time at some moment between
 * its sending and its reply; the monotonic clock carries it on from there.
 */
export class BrokerClock {
  /** Bounds of broker time minus monotonic time. Each ping narrows them. */
  private low = Number.NEGATIVE_INFINITY;
  private high = Number.POSITIVE_INFINITY;

  constructor(private readonly monotonic: () => number = () => performance.now()) {}

  /** @param ping appends a record and answers its append time @throws what the ping throws */
  async sync(ping: () => Promise<number>): Promise<void> {
    const sent = this.monotonic();
    const brokerMs = await ping();
    this.learn(sent, brokerMs, this.monotonic());
  }

  /**
   * The same, again if the pings are slow: the first one makes connections on its way. Until then deadlines are later
   * than they are by as much, and clones count on theirs being the same.
   */
  async syncClosely(ping: () => Promise<number>): Promise<void> {
    for (let pings = 0; pings < MOST_PINGS && this.high - this.low > CLOSE_MS; pings++) await this.sync(ping);
  }

  /** A ping between two monotonic times gave this broker time (whole milliseconds, rounded down). */
  learn(sent: number, brokerMs: number, received: number): void {
    const [low, high] = [brokerMs - received, brokerMs + 1 - sent];
    // Clocks drift apart by far less than this between two pings.
    const [oldLow, oldHigh] = [this.low - DRIFT_MS, this.high + DRIFT_MS];
    const agrees = low <= oldHigh && high >= oldLow;
    this.low = agrees ? Math.max(low, oldLow) : low;
    this.high = agrees ? Math.min(high, oldHigh) : high;
  }

  get isSynced(): boolean {
    return this.low !== Number.NEGATIVE_INFINITY;
  }

  /**
   * Milliseconds since the epoch. Errs to the past, by a ping's round trip at most: no request is dropped too early.
   */
  now(): number {
    return this.at(this.monotonic());
  }

  /** The same for a moment of the monotonic clock. */
  at(monotonicMs: number): number {
    return monotonicMs + this.low;
  }

  /**
   * True when the broker's clock may have been set to another time since the last ping, by a record that has just come:
   * it is from the future, or older than a record is that was waited for. A backlog looks the same; the next ping shows
   * which it is.
   */
  doubts(timestampMs: number): boolean {
    if (!this.isSynced) return false;
    const latest = this.monotonic() + this.high + DRIFT_MS;
    return timestampMs > latest || this.now() - timestampMs > SELDOM_OLDER_MS;
  }

  /** How long ago the broker appended a record, in ms; never negative. */
  age(timestampMs: number): number {
    return Math.max(0, this.now() - timestampMs);
  }
}

const DRIFT_MS = 1;
/** Budgets are longer: a record that is older than this in truth loses nothing by a ping first. */
const SELDOM_OLDER_MS = 1_000;
/** Half of what a clone waits before it settles what is late (command-executor.ts). */
const CLOSE_MS = 50;
const MOST_PINGS = 5;
