/** A clone of a service as this process sees it. */
interface Clone {
  /** Queries that were sent to it and have no reply yet. */
  inFlight: number;
  /** When it was last chosen, on a count of choices. */
  chosenAt: number;
  /** Its Kafka partition for the next `left` queries. */
  target: Target | undefined;
  left: number;
}

/** A Kafka partition of the queries' topic, as the target of queries. */
interface Target {
  readonly partition: number;
  /** The clone that replied to its last query; a clone of its own until there was a reply. */
  owner: Clone;
  chosenAt: number;
}

/** One query on its way. */
export interface InFlightQuery {
  readonly partition: number;
  /** @param servedBy the clone that replied; undefined when none did */
  end(servedBy: string | undefined): void;
}

// Neighbours in a batch share a Kafka partition, because each partition of a request costs the broker an append of its
// own.
const NEIGHBOURS = 8;
const COUNT_AGAIN_MS = 60_000;
/** While the broker is unavailable, the partitions are not counted with every query. */
const AFTER_FAILURE_MS = 1_000;

const newClone = (): Clone => ({ inFlight: 0, chosenAt: 0, target: undefined, left: 0 });

/**
 * Chooses the Kafka partition of each query so that it goes to the clone that has the fewest of ours in flight: by
 * turns while all are alike, however many partitions each has; seldom to a slow one; not to a frozen one once something
 * is stuck there. Replies say which clone has which partition.
 */
export class QuerySpread {
  private readonly targets: Target[] = [];
  private readonly clones = new Map<string, Clone>();
  private choices = 0;
  private countedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param countPartitions asks the broker how many Kafka partitions the topic has
   * @param isLed false for a Kafka partition that nobody leads, as far as is known: it is passed over while there are
   *   others
   */
  constructor(
    private readonly countPartitions: () => Promise<number>,
    private readonly now: () => number = () => performance.now(),
    private readonly isLed: (partition: number) => boolean = () => true,
  ) {}

  /** A query is about to be sent. Undefined until the partitions are counted: then any will do. */
  begin(): InFlightQuery | undefined {
    if (this.now() - this.countedAt > COUNT_AGAIN_MS) this.count();
    const target = this.chooseLed();
    if (!target) return undefined;
    const { owner } = target;
    owner.inFlight += 1;
    return {
      partition: target.partition,
      end: (servedBy) => {
        owner.inFlight -= 1;
        if (servedBy !== undefined) target.owner = this.clone(servedBy);
      },
    };
  }

  private chooseLed(): Target | undefined {
    const target = this.choose(this.targets);
    if (!target || this.isLed(target.partition)) return target;
    return this.choose(this.targets.filter(({ partition }) => this.isLed(partition))) ?? target;
  }

  private choose(targets: readonly Target[]): Target | undefined {
    let best: Target | undefined;
    for (const target of targets) if (!best || comesBefore(target, best)) best = target;
    if (!best) return undefined;
    const { owner } = best;
    this.choices += 1;
    owner.chosenAt = this.choices;
    if (owner.target?.owner !== owner || owner.left === 0 || !this.isLed(owner.target.partition)) {
      owner.target = best;
      owner.left = NEIGHBOURS;
      best.chosenAt = this.choices;
    }
    owner.left -= 1;
    return owner.target;
  }

  /** Those that a clone gave up keep their last owner until another clone replies there. */
  private clone(servedBy: string): Clone {
    const [name = ''] = servedBy.split('@'); // cart-1@shard2 is the clone cart-1
    let clone = this.clones.get(name);
    if (!clone) {
      const owners = new Set(this.targets.map(({ owner }) => owner));
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
        this.targets.length = Math.min(this.targets.length, count);
        for (let partition = this.targets.length; partition < count; partition++)
          this.targets.push({ partition, owner: newClone(), chosenAt: 0 });
      },
      () => {
        this.countedAt = this.now() - COUNT_AGAIN_MS + AFTER_FAILURE_MS;
      },
    );
  }
}

function comesBefore(one: Target, other: Target): boolean {
  const [mine, its] = [one.owner, other.owner];
  if (mine.inFlight !== its.inFlight) return mine.inFlight < its.inFlight;
  if (mine.chosenAt !== its.chosenAt) return mine.chosenAt < its.chosenAt;
  return one.chosenAt < other.chosenAt;
}
