/** One message in work: handed out by `begin`, given back to `finish`. */
export interface TrackedOffset {
  readonly offset: number;
  finished: boolean;
}

interface Pending extends TrackedOffset {
  /** How many began before it. */
  readonly place: number;
}

/** Finished messages that are remembered, at least, before the rest is looked through. */
const WORTH_A_LOOK = 512;

/**
 * Which offset of one Kafka partition may be committed: the lowest that is not finished, whatever the order in which
 * messages finish. Offsets must begin in growing order. Takes memory for what is not finished, not for what is behind
 * it.
 */
export class OffsetTracker {
  private pending: Pending[] = [];
  /** Those before it are finished. */
  private head = 0;
  /** Of all that are pending. */
  private finishedCount = 0;
  private begun = 0;
  private next: number;

  /** @param start the offset that the partition starts at here */
  constructor(start: number) {
    this.next = start;
  }

  begin(offset: number): TrackedOffset {
    const tracked = { offset, finished: false, place: this.begun };
    this.begun += 1;
    this.pending.push(tracked);
    this.next = offset + 1;
    return tracked;
  }

  finish(tracked: TrackedOffset): void {
    tracked.finished = true;
    this.finishedCount += 1;
    while (this.pending[this.head]?.finished) this.head += 1;
    // Taking each one out would move the rest each time.
    if (this.finishedCount <= WORTH_A_LOOK || this.finishedCount * 2 <= this.pending.length) return;
    this.pending = this.pending.filter((one) => !one.finished);
    this.head = 0;
    this.finishedCount = 0;
  }

  /** The next offset to read for whoever takes over: everything before it is finished. */
  get committable(): number {
    return this.pending[this.head]?.offset ?? this.next;
  }

  /** Messages that began after the lowest unfinished one, itself included. */
  get span(): number {
    const lowest = this.pending[this.head];
    return lowest ? this.begun - lowest.place : 0;
  }
}
