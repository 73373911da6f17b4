import { ListOffsetTimestamps, type Consumer } from '@stoa/kafka-client';
import type { TopicPartition } from '../port.js';

export const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;

/** The oldest and the next offset of all Kafka partitions of the topics, by `topic:partition`. */
export async function boundsOf(
  consumer: Consumer,
  partitions: readonly TopicPartition[],
): Promise<{ beginning: Map<string, number>; end: Map<string, number> }> {
  const topics = [...new Set(partitions.map((partition) => partition.topic))];
  const at = async (timestamp: bigint): Promise<Map<string, number>> => {
    const offsets = await consumer.listOffsets({ topics, timestamp });
    return new Map(
      [...offsets].flatMap(([topic, list]) =>
        list.map((offset, partition): [string, number] => [nameOf({ topic, partition }), Number(offset)]),
      ),
    );
  };
  return { beginning: await at(ListOffsetTimestamps.EARLIEST), end: await at(ListOffsetTimestamps.LATEST) };
}
