/** So many pieces of work at once, in the order in which they came, and so many that may wait. */
export class Slots {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param onFull makes the error that is thrown when too many wait already. */
  constructor(
    private readonly atOnce: number,
    private readonly maxWaiting: number,
    private readonly onFull: () => Error,
  ) {}

  /** @throws what `work` throws, or `onFull`'s error at once. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private async enter(): Promise<void> {
    if (this.running < this.atOnce) {
      this.running += 1;
      return;
    }
    if (this.waiting.length >= this.maxWaiting) throw this.onFull();
    // Whoever leaves hands its slot over: `running` stays as it is.
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.running -= 1;
  }
}
