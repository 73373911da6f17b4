import type { RecordsBatch } from '@stoa/kafka/client';
import type { Isolation } from '../port/port.js';
import type { FetchResponsePartition } from './library-types.js';

const IS_TRANSACTIONAL = 1 << 4;
const IS_CONTROL = 1 << 5;
const ABORT_MARKER = 0;

const isControl = (batch: RecordsBatch): boolean => (batch.attributes & IS_CONTROL) !== 0;

const isAbortMarker = (batch: RecordsBatch): boolean =>
  isControl(batch) && batch.records[0]?.key?.readInt16BE(2) === ABORT_MARKER;

/**
 * The batches that a reader of committed records may see, as Java's client finds them. The library's own filter lets
 * aborted records through when the abort marker lies in a later fetch, and when one producer aborted twice in a row.
 */
function* committedBatches(partition: FetchResponsePartition): Generator<RecordsBatch> {
  const starts = (partition.abortedTransactions ?? []).toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
  const aborted = new Set<bigint>();
  let next = 0;
  for (const batch of partition.records ?? []) {
    const last = batch.firstOffset + BigInt(batch.lastOffsetDelta);
    for (let start = starts[next]; start && start.firstOffset <= last; start = starts[next]) {
      aborted.add(start.producerId);
      next += 1;
    }
    if (isAbortMarker(batch)) aborted.delete(batch.producerId);
    if (isControl(batch)) continue;
    if (batch.attributes & IS_TRANSACTIONAL && aborted.has(batch.producerId)) continue;
    yield batch;
  }
}

/**
 * The batches of a fetch that a reader may see: never control records, and with `committed` none of aborted
 * transactions.
 */
export const visibleBatches = (fetched: FetchResponsePartition, isolation: Isolation): Iterable<RecordsBatch> =>
  isolation === 'committed' ? committedBatches(fetched) : (fetched.records ?? []).filter((batch) => !isControl(batch));
