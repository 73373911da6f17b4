/** One message in work: handed out by `begin`, given back to `finish`. */
export interface TrackedOffset {
  readonly offset: number;
  finished: boolean;
}

/**
 * Which offset of one Kafka partition may be committed: the lowest that is not finished, whatever the order in which messages
 * finish. Offsets must begin in growing order.
 */
export class OffsetTracker {
  #pending: TrackedOffset[] = [];
  /** Those before it are finished. */
  #head = 0;
  #next: number;

  /** @param start the offset that the partition starts at here */
  constructor(start: number) {
    this.#next = start;
  }

  begin(offset: number): TrackedOffset {
    const tracked = { offset, finished: false };
    this.#pending.push(tracked);
    this.#next = offset + 1;
    return tracked;
  }

  finish(tracked: TrackedOffset): void {
    tracked.finished = true;
    while (this.#pending[this.#head]?.finished) this.#head += 1;
    // Shifting each one would move the rest each time.
    if (this.#head > 512 && this.#head * 2 > this.#pending.length) {
      this.#pending = this.#pending.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The next offset to read for whoever takes over: everything before it is finished. */
  get committable(): number {
    return this.#pending[this.#head]?.offset ?? this.#next;
  }

  /** Messages that began after the lowest unfinished one, itself included. */
  get span(): number {
    return this.#pending.length - this.#head;
  }
}
