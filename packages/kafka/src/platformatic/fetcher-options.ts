import type { ConnectionPool } from '@stoa/kafka/client';
import type { Isolation, KafkaError, RecordsListener, TopicPartition } from '../port/port.js';

/** How Kafka partitions are fetched. */
export interface FetcherOptions {
  readonly isolation: Isolation;
  readonly onRecords: RecordsListener;
  readonly onFault: (error: KafkaError) => void;
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  /** Where a Kafka partition goes on whose next offset is not there. */
  readonly resetTo: 'beginning' | 'end';
  /** Called before the first records after such a reset: what was known of its offsets means nothing any more. */
  readonly onReset?: (partition: TopicPartition) => void;
  /** Connections for fetches only. */
  readonly newPool: () => ConnectionPool;
}
