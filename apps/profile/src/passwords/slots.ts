/** A place that was taken for one piece of work, which may begin later. */
export interface Place {
  /** Runs the work in its turn, and gives the place back. @throws what `work` throws */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Gives the place back, if nothing ran in it. */
  free(): void;
}

/** The queue of a piece of work: that of those who are known, which goes first, or that of strangers. */
export type Rank = 'known' | 'stranger';

/**
 * So many pieces of work at once, in the order in which they came, and so many that may wait. The known and strangers
 * wait in queues of their own: however many strangers come, they take no place of the known, who wait for one piece of
 * work at most before it is their turn.
 */
export class Slots {
  /** Places that are taken: of work that runs, waits, or may still come. */
  private readonly taken: Record<Rank, number> = { known: 0, stranger: 0 };
  private running = 0;
  private readonly waiting: Readonly<Record<Rank, (() => void)[]>> = { known: [], stranger: [] };

  /** @param onFull makes the error that is thrown when too many of the same rank wait already. */
  constructor(
    private readonly atOnce: number,
    private readonly maxWaiting: number,
    private readonly onFull: () => Error,
  ) {}

  /** @throws what `work` throws, or `onFull`'s error at once. */
  async run<T>(work: () => Promise<T>, rank: Rank = 'stranger'): Promise<T> {
    return this.take(rank).run(work);
  }

  /** A place for work that must not begin in vain. @throws `onFull`'s error */
  take(rank: Rank = 'stranger'): Place {
    if (this.taken[rank] >= this.atOnce + this.maxWaiting) throw this.onFull();
    this.taken[rank] += 1;
    let isTaken = true;
    const free = (): void => {
      if (isTaken) this.taken[rank] -= 1;
      isTaken = false;
    };
    return { run: (work) => this.inTurn(work, rank).finally(free), free };
  }

  private async inTurn<T>(work: () => Promise<T>, rank: Rank): Promise<T> {
    await this.enter(rank);
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private async enter(rank: Rank): Promise<void> {
    if (this.running < this.atOnce) {
      this.running += 1;
      return;
    }
    // Whoever leaves hands its slot over: `running` stays as it is.
    await new Promise<void>((resolve) => this.waiting[rank].push(resolve));
  }

  private leave(): void {
    const next = this.waiting.known.shift() ?? this.waiting.stranger.shift();
    if (next) next();
    else this.running -= 1;
  }
}
