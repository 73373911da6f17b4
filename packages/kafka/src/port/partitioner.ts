import { partitionHash } from './murmur2.js';
import type { OutgoingRecord } from './port.js';

// Neighbours in a batch share a Kafka partition, because each partition of a request costs the broker an append of its
// own; few enough that a burst of queries is still spread over the clones.
const NEIGHBOURS = 8;

/** Chooses Kafka partitions: of keyed records by their key, of others in turn. */
export class Partitioner {
  private count = Math.floor(Math.random() * 0xffff) * NEIGHBOURS;

  /** A number to take modulo the count of Kafka partitions. */
  choose(record: OutgoingRecord, key: Buffer | null): number {
    if (record.partition !== undefined) return record.partition;
    if (key !== null) return partitionHash(key);
    this.count = (this.count + 1) & 0x3fffffff;
    return Math.floor(this.count / NEIGHBOURS);
  }
}

/** UTF-8 bytes of a key or value; null stays null. */
export const bytesOf = (content: string | Buffer | null): Buffer | null =>
  typeof content === 'string' ? Buffer.from(content) : content;
