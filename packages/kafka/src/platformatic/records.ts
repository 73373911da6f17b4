import type { KafkaRecord as RawRecord, MessageToProduce, RecordsBatch } from '@stoa/kafka/client';
import { bytesOf, type Partitioner } from '../port/partitioner.js';
import type { Headers, KafkaRecord, OutgoingRecord } from '../port/port.js';

type Message = MessageToProduce<Buffer, Buffer, Buffer, Buffer>;

// Header names are few and come again with every record. Bounded, because names may come from outside.
const nameBytes = new Map<string, Buffer>();

function headerName(name: string): Buffer {
  let bytes = nameBytes.get(name);
  if (!bytes) {
    bytes = Buffer.from(name);
    if (nameBytes.size < 256) nameBytes.set(name, bytes);
  }
  return bytes;
}

function headerMap(headers: Headers): Map<Buffer, Buffer> {
  const map = new Map<Buffer, Buffer>();
  for (const name in headers) map.set(headerName(name), Buffer.from(headers[name] ?? ''));
  return map;
}

/** A record as the library sends it: all bytes, its Kafka partition chosen. */
export function toMessage(record: OutgoingRecord, partitioner: Partitioner): Message {
  const key = bytesOf(record.key);
  const value = bytesOf(record.value);
  const message: Message = { topic: record.topic, partition: partitioner.choose(record, key), value: value as Buffer };
  if (key !== null) message.key = key;
  if (record.headers) message.headers = headerMap(record.headers);
  return message;
}

function fromHeaders(raw: RawRecord['headers']): Headers {
  const headers: Record<string, string> = {};
  for (const [name, value] of raw) headers[name?.toString() ?? ''] = value?.toString() ?? '';
  return headers;
}

const LOG_APPEND_TIME = 1 << 3;

/** Appends the records of a batch from `from` on. The library leaves LogAppendTime to the caller. */
export function readBatch(
  into: KafkaRecord[],
  topic: string,
  partition: number,
  batch: RecordsBatch,
  from: number,
): void {
  const base = Number(batch.firstOffset);
  const first = Number(batch.firstTimestamp);
  const appended = batch.attributes & LOG_APPEND_TIME ? Number(batch.maxTimestamp) : null;
  for (const record of batch.records) {
    const offset = base + record.offsetDelta;
    if (offset < from) continue;
    const timestamp = appended ?? first + Number(record.timestampDelta);
    const { key, value } = record;
    into.push({
      topic,
      partition,
      offset,
      timestamp,
      key: key ?? null,
      value: value ?? null,
      headers: fromHeaders(record.headers),
    });
  }
}
