/** A clone of a service as this process sees it. */
interface Clone {
  /** Queries that it was sent and that are not answered. */
  inFlight: number;
  /** When it was last chosen, on a count of choices. */
  chosenAt: number;
  /** Its Kafka partition for the next queries, and for how many. */
  lane: Lane | undefined;
  left: number;
}

/** A Kafka partition of the queries' topic. */
interface Lane {
  readonly partition: number;
  /** Who answered its last query; until one was answered, a clone of its own. */
  owner: Clone;
  chosenAt: number;
}

/** One query on its way. */
export interface Passage {
  readonly partition: number;
  /** @param servedBy the clone that answered; undefined when none did */
  end(servedBy: string | undefined): void;
}

// Neighbours in a batch share a Kafka partition, because each partition of a request costs the broker an append of its own.
const NEIGHBOURS = 8;
const COUNT_AGAIN_MS = 60_000;
/** While the broker is away, not with every query. */
const AFTER_FAILURE_MS = 1_000;

const newClone = (): Clone => ({ inFlight: 0, chosenAt: 0, lane: undefined, left: 0 });

/**
 * Chooses the Kafka partition of each query so that it goes to the clone that has the fewest of ours in flight: by turns while all
 * are alike, however many partitions each has; seldom to a slow one; not to a frozen one once something is stuck there. The
 * answers tell which partitions are whose.
 */
export class QuerySpread {
  private readonly lanes: Lane[] = [];
  private readonly clones = new Map<string, Clone>();
  private choices = 0;
  private countedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param countPartitions asks the broker how many Kafka partitions the topic has
   * @param isLed false for a Kafka partition that nobody leads, as far as is known: it is passed over while there are others
   */
  constructor(
    private readonly countPartitions: () => Promise<number>,
    private readonly now: () => number = () => performance.now(),
    private readonly isLed: (partition: number) => boolean = () => true,
  ) {}

  /** A query is about to be sent. Undefined until the partitions are counted: then any will do. */
  begin(): Passage | undefined {
    if (this.now() - this.countedAt > COUNT_AGAIN_MS) this.count();
    const lane = this.chooseLed();
    if (!lane) return undefined;
    const { owner } = lane;
    owner.inFlight += 1;
    return {
      partition: lane.partition,
      end: (servedBy) => {
        owner.inFlight -= 1;
        if (servedBy !== undefined) lane.owner = this.clone(servedBy);
      },
    };
  }

  private chooseLed(): Lane | undefined {
    const lane = this.choose(this.lanes);
    if (!lane || this.isLed(lane.partition)) return lane;
    return this.choose(this.lanes.filter(({ partition }) => this.isLed(partition))) ?? lane;
  }

  private choose(lanes: readonly Lane[]): Lane | undefined {
    let best: Lane | undefined;
    for (const lane of lanes) if (!best || comesBefore(lane, best)) best = lane;
    if (!best) return undefined;
    const { owner } = best;
    this.choices += 1;
    owner.chosenAt = this.choices;
    if (owner.lane?.owner !== owner || owner.left === 0 || !this.isLed(owner.lane.partition)) {
      owner.lane = best;
      owner.left = NEIGHBOURS;
      best.chosenAt = this.choices;
    }
    owner.left -= 1;
    return owner.lane;
  }

  /** Those that a clone gave up keep their last owner until somebody else answers there. */
  private clone(servedBy: string): Clone {
    const [name = ''] = servedBy.split('@'); // cart-1@shard2 is the clone cart-1
    let clone = this.clones.get(name);
    if (!clone) {
      const owners = new Set(this.lanes.map(({ owner }) => owner));
      for (const [other, known] of this.clones) if (!owners.has(known)) this.clones.delete(other);
      clone = newClone();
      this.clones.set(name, clone);
    }
    return clone;
  }

  /** Partitions are never fewer than before, unless the topic was made anew. */
  private count(): void {
    this.countedAt = this.now();
    this.countPartitions().then(
      (count) => {
        this.lanes.length = Math.min(this.lanes.length, count);
        for (let partition = this.lanes.length; partition < count; partition++)
          this.lanes.push({ partition, owner: newClone(), chosenAt: 0 });
      },
      () => {
        this.countedAt = this.now() - COUNT_AGAIN_MS + AFTER_FAILURE_MS;
      },
    );
  }
}

function comesBefore(one: Lane, other: Lane): boolean {
  const [mine, its] = [one.owner, other.owner];
  if (mine.inFlight !== its.inFlight) return mine.inFlight < its.inFlight;
  if (mine.chosenAt !== its.chosenAt) return mine.chosenAt < its.chosenAt;
  return one.chosenAt < other.chosenAt;
}
