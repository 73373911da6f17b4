import type { Batch, IHeaders, Message, ProducerBatch } from 'kafkajs';
import { bytesOf, type Partitioner } from '../port/partitioner.js';
import type { Headers, KafkaRecord, OutgoingRecord } from '../port/port.js';

/** Records as the library sends them, gathered by topic, their Kafka partitions chosen. */
export function toBatch(records: readonly OutgoingRecord[], partitioner: Partitioner, acks: number): ProducerBatch {
  const topics = new Map<string, Message[]>();
  for (const record of records) {
    const key = bytesOf(record.key);
    const message: Message = { key, value: record.value, partition: partitioner.choose(record, key) };
    if (record.headers) message.headers = record.headers;
    const messages = topics.get(record.topic);
    if (messages) messages.push(message);
    else topics.set(record.topic, [message]);
  }
  return { acks, topicMessages: [...topics].map(([topic, messages]) => ({ topic, messages })) };
}

/** The library's partitioner: the number that the message came with, modulo the Kafka partitions. */
export const byGivenNumber =
  () =>
  ({ partitionMetadata, message }: { partitionMetadata: readonly unknown[]; message: Message }): number =>
    (message.partition ?? 0) % partitionMetadata.length;

function fromHeaders(raw: IHeaders | undefined): Headers {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw ?? {}))
    headers[name] = String(Array.isArray(value) ? value.at(-1) : (value ?? ''));
  return headers;
}

/** A fetched batch's records from an offset on. */
export function readBatch({ topic, partition, messages }: Batch, from: number): KafkaRecord[] {
  return messages
    .filter((message) => Number(message.offset) >= from)
    .map(({ offset, timestamp, key, value, headers }) => ({
      topic,
      partition,
      offset: Number(offset),
      timestamp: Number(timestamp),
      key,
      value,
      headers: fromHeaders(headers),
    }));
}
