import type { KafkaPort, KafkaRecord } from '@stoa/kafka';

/**
 * All records that a topic holds at this moment, in order per Kafka partition. @throws KafkaError; an Error when
 * `timeoutMs` is over
 */
export async function readTopic(port: KafkaPort, topic: string, timeoutMs: number): Promise<KafkaRecord[]> {
  const ends = await port.admin.endOffsets(topic);
  const partitions = ends.map((end, partition) => ({ topic, partition, end })).filter(({ end }) => end > 0);
  if (partitions.length === 0) return [];
  const records: KafkaRecord[] = [];
  const follower = await port.follow({
    partitions: partitions.map(({ partition }) => ({ topic, partition, from: 'beginning' })),
    isolation: 'committed',
    onRecords: (some) => records.push(...some),
  });
  try {
    const deadline = performance.now() + timeoutMs;
    while (partitions.some(({ partition, end }) => follower.position({ topic, partition }) < end)) {
      if (performance.now() > deadline)
        throw new Error(`topic ${topic} could not be read to its end within ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return records.filter(({ partition, offset }) => offset < (ends[partition] ?? 0));
  } finally {
    await follower.close();
  }
}
