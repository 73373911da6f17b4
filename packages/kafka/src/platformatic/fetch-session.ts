import type { FetchRequestPartition, FetchRequestTopic } from './library-types.js';

/** One Kafka partition that a fetch is to bring. */
export interface Wanted {
  readonly topicId: string;
  readonly asked: FetchRequestPartition;
}

/** The contents of one fetch request. */
export interface SessionRequest {
  readonly id: number;
  readonly epoch: number;
  readonly topics: FetchRequestTopic[];
  readonly forgotten: { topicId: string; partitions: number[] }[];
}

const LAST_EPOCH = 0x7fffffff;

const placeOf = ({ topicId, asked }: Wanted): string => `${topicId}:${asked.partition}`;

/**
 * A fetch session at one broker (KIP-227), which remembers what is fetched: a request names what changed since the last
 * one, and its response only Kafka partitions that have something to say.
 */
export class FetchSession {
  private id = 0;
  private epoch = 0;
  private known = new Map<string, Wanted>();

  /** The next request, if all of these are wanted. */
  request(wanted: readonly Wanted[]): SessionRequest {
    const now = new Map(wanted.map((one) => [placeOf(one), one]));
    const changed = wanted.filter((one) => !isSame(one, this.known.get(placeOf(one))));
    const forgotten = [...this.known].filter(([place]) => !now.has(place)).map(([, one]) => one);
    this.known = now;
    return {
      id: this.id,
      epoch: this.epoch,
      topics: [...byTopicId(changed)].map(([topicId, some]) => ({ topicId, partitions: some.map((one) => one.asked) })),
      forgotten: [...byTopicId(forgotten)].map(([topicId, some]) => ({
        topicId,
        partitions: some.map((one) => one.asked.partition),
      })),
    };
  }

  /** @param sessionId 0: the broker keeps no session */
  replied(sessionId: number): void {
    if (sessionId === 0) return this.restart();
    this.epoch = this.id === sessionId && this.epoch < LAST_EPOCH ? this.epoch + 1 : 1;
    this.id = sessionId;
  }

  /** The next request begins a new session. */
  restart(): void {
    this.id = 0;
    this.epoch = 0;
    this.known = new Map();
  }
}

const isSame = ({ asked }: Wanted, known: Wanted | undefined): boolean =>
  known !== undefined &&
  known.asked.fetchOffset === asked.fetchOffset &&
  known.asked.partitionMaxBytes === asked.partitionMaxBytes;

function byTopicId(wanted: readonly Wanted[]): Map<string, Wanted[]> {
  const topics = new Map<string, Wanted[]>();
  for (const one of wanted) {
    const known = topics.get(one.topicId);
    if (known) known.push(one);
    else topics.set(one.topicId, [one]);
  }
  return topics;
}
