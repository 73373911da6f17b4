import type { KafkaRecord } from './port.js';

/**
 * The record with bytes of its own. As fetched, they are parts of the fetch, which a record that waits would keep in
 * memory whole.
 */
export const detached = (record: KafkaRecord): KafkaRecord => ({
  ...record,
  key: record.key && Buffer.from(record.key),
  value: record.value && Buffer.from(record.value),
});
