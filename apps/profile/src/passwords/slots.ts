/** A place that was taken for one piece of work, which may begin later. */
export interface Place {
  /** Runs the work in its turn, and gives the place back. @throws what `work` throws */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Gives the place back, if nothing ran in it. */
  free(): void;
}

/** So many pieces of work at once, in the order in which they came, and so many that may wait. */
export class Slots {
  /** Places that are taken: of work that runs, waits, or may still come. */
  private taken = 0;
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
    return this.take().run(work);
  }

  /** A place for work that must not begin in vain. @throws `onFull`'s error */
  take(): Place {
    if (this.taken >= this.atOnce + this.maxWaiting) throw this.onFull();
    this.taken += 1;
    let isTaken = true;
    const free = (): void => {
      if (isTaken) this.taken -= 1;
      isTaken = false;
    };
    return { run: (work) => this.inTurn(work).finally(free), free };
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
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
    // Whoever leaves hands its slot over: `running` stays as it is.
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.running -= 1;
  }
}
