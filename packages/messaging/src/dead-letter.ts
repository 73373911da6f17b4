import type { KafkaRecord, OutgoingRecord } from './kafka/port.js';

/** Headers that a dead letter carries besides those of the record that it was. */
export const DEAD_LETTER_HEADERS = {
  /** Where the record stood: `topic:partition:offset`. */
  origin: 'dead-origin',
  /** In words. */
  reason: 'dead-reason',
  /** The clone that gave it up. */
  by: 'dead-by',
} as const;

/** The record as it came, with where it came from and why it was given up. */
export function deadLetter(topic: string, record: KafkaRecord, reason: string, clone: string): OutgoingRecord {
  return {
    topic,
    key: record.key,
    value: record.value,
    headers: {
      ...record.headers,
      [DEAD_LETTER_HEADERS.origin]: `${record.topic}:${record.partition}:${record.offset}`,
      [DEAD_LETTER_HEADERS.reason]: reason,
      [DEAD_LETTER_HEADERS.by]: clone,
    },
  };
}
