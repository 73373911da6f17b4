import { setTimeout as delay } from 'node:timers/promises';
import { FetchIsolationLevels, ListOffsetTimestamps, listOffsetsV9, type Base } from '@stoa/kafka/client';
import { KafkaError, type StartOffset, type TopicPartition } from '../port/port.js';
import { kafkaError } from './errors.js';
import { responseOf, errorOf, Leaders, nameOf } from './leaders.js';
import { retryDelayMs } from './settings.js';

/** By `topic:partition`: the offset, null where there is none, or why it is not known. */
export type Offsets = Map<string, number | null | KafkaError>;

interface BoundsQuery {
  readonly timestamp: bigint;
  readonly isolation: (typeof FetchIsolationLevels)[keyof typeof FetchIsolationLevels];
}

/** Asks the leader of each Kafka partition, once. One that can't be asked keeps the others from nothing. */
export async function offsetsOf(
  client: Base,
  partitions: readonly TopicPartition[],
  query: BoundsQuery,
  refresh: boolean,
): Promise<Offsets> {
  const leaders = new Leaders(client);
  const { led, failed } = await leaders.gather(partitions, refresh);
  const offsets: Offsets = new Map([...failed].map(([partition, error]) => [nameOf(partition), error]));
  const asked = [...led].map(async ([node, ofNode]) => {
    try {
      await askLeader(leaders, node, ofNode, query, offsets);
    } catch (error) {
      for (const partition of ofNode) offsets.set(nameOf(partition), kafkaError(error));
    }
  });
  await Promise.all(asked);
  return offsets;
}

async function askLeader(
  leaders: Leaders,
  node: number,
  partitions: readonly TopicPartition[],
  { timestamp, isolation }: BoundsQuery,
  into: Offsets,
): Promise<void> {
  const topics = [...byTopic(partitions)].map(([name, indexes]) => ({
    name,
    partitions: indexes.map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp })),
  }));
  const connection = await leaders.connection(node);
  const response = await responseOf(listOffsetsV9.api.async(connection, -1, isolation, topics));
  for (const { name: topic, partitions: found } of response.topics) {
    for (const { partitionIndex: partition, errorCode, offset } of found)
      into.set(nameOf({ topic, partition }), errorOf(errorCode) ?? (offset < 0n ? null : Number(offset)));
  }
}

const TRIES = 5;

/** A Kafka partition and where to start, an offset where that is known. */
export type Start = TopicPartition & { readonly from: StartOffset };

export interface Starts {
  /** Each with its offset. */
  readonly known: readonly Start[];
  /** Why the start of each of these is not known yet. */
  readonly unknown: ReadonlyMap<Start, KafkaError>;
}

/** Where Kafka partitions start: tries a few times, and says which are not known then. */
export async function startsOf(client: Base, partitions: readonly Start[]): Promise<Starts> {
  const known = partitions.filter(({ from }) => typeof from === 'number');
  let unknown = new Map<Start, KafkaError>();
  let left = partitions.filter(({ from }) => typeof from !== 'number');
  for (let attempt = 0; left.length > 0 && attempt < TRIES; attempt += 1) {
    if (attempt > 0) await delay(retryDelayMs(attempt));
    unknown = new Map();
    for (const [start, found] of await lookUp(client, left, attempt > 0)) {
      if (found instanceof KafkaError) unknown.set(start, found);
      else known.push({ topic: start.topic, partition: start.partition, from: found });
    }
    left = [...unknown.keys()];
  }
  return { known, unknown };
}

async function lookUp(
  client: Base,
  starts: readonly Start[],
  refresh: boolean,
): Promise<[Start, number | KafkaError][]> {
  const isolation = FetchIsolationLevels.READ_COMMITTED;
  const ends = (['beginning', 'end'] as const).map(async (end): Promise<[Start, number | KafkaError][]> => {
    const asked = starts.filter(({ from }) => from === end);
    if (asked.length === 0) return [];
    const timestamp = end === 'beginning' ? ListOffsetTimestamps.EARLIEST : ListOffsetTimestamps.LATEST;
    const offsets = await offsetsOf(client, asked, { timestamp, isolation }, refresh);
    return asked.map((start) => [start, offsets.get(nameOf(start)) ?? 0]);
  });
  return (await Promise.all(ends)).flat();
}

export function byTopic(partitions: readonly TopicPartition[]): Map<string, number[]> {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) {
    const known = topics.get(topic);
    if (known) known.push(partition);
    else topics.set(topic, [partition]);
  }
  return topics;
}
