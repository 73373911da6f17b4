import { KafkaError, RecordTooLargeError, type OutgoingRecord } from './port.js';

/**
 * Bytes of a batch that a broker takes by default (`message.max.bytes`: 1 MiB, and what the log adds). One
 * record is a batch too, so its key, value, headers and framing together must fit.
 */
export const MAX_RECORD_BYTES = 1_048_588;

/** The most bytes of a record besides its contents: a batch's header (61), and its own numbers (40). */
const FRAMING_BYTES = 101;
const HEADER_FRAMING_BYTES = 10;

type Sized = Pick<OutgoingRecord, 'key' | 'value' | 'headers'>;

const bytesIn = (content: string | Buffer | null): number =>
  typeof content === 'string' ? Buffer.byteLength(content) : (content?.length ?? 0);

/** True when UTF-8 of the text takes more bytes; a short one is not read. */
export const isLonger = (text: string, bytes: number): boolean =>
  text.length > bytes / 3 && Buffer.byteLength(text) > bytes;

/** Bytes that a record takes in a batch by itself: exact but for some framing, never too few. */
export function sizeOf({ key, value, headers }: Sized): number {
  let bytes = FRAMING_BYTES + bytesIn(key) + bytesIn(value);
  for (const name in headers) bytes += HEADER_FRAMING_BYTES + bytesIn(name) + bytesIn(headers[name] ?? '');
  return bytes;
}

/** About the bytes that a record holds in memory: a sum of lengths, because each record is measured (0.1 µs). */
export function memoryOf({ key, value, headers }: Sized): number {
  let length = FRAMING_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name in headers) length += HEADER_FRAMING_BYTES + name.length + (headers[name]?.length ?? 0);
  return length;
}

/** Cuts a list, in its order, into parts of `maxBytes` and `maxItems` at most; what is larger alone is a part alone. */
export function cutByBytes<Item>(
  items: readonly Item[],
  bytesOf: (item: Item) => number,
  maxBytes: number,
  maxItems = Infinity,
): Item[][] {
  const parts: Item[][] = [];
  let part: Item[] = [];
  let partBytes = 0;
  for (const item of items) {
    const bytes = bytesOf(item);
    if (part.length > 0 && (partBytes + bytes > maxBytes || part.length >= maxItems)) {
      parts.push(part);
      [part, partBytes] = [[], 0];
    }
    part.push(item);
    partBytes += bytes;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/** Records in batches that a broker takes, even if all of them go to one Kafka partition. */
export function batchesOf(records: readonly OutgoingRecord[]): (readonly OutgoingRecord[])[] {
  if (records.length === 1) return [records];
  let length = 0;
  for (const record of records) length += memoryOf(record);
  // UTF-8 takes three bytes at the most for each unit of a string: mostly nothing needs to be counted.
  return length <= MAX_RECORD_BYTES / 3 ? [records] : cutByBytes(records, sizeOf, MAX_RECORD_BYTES);
}

const isTooLarge = (error: unknown): boolean => error instanceof KafkaError && error.code === 'RECORD_TOO_LARGE';

/**
 * Sends records in batches that a broker takes. One that still refuses a batch as too large (its own bound is smaller)
 * gets the halves of it, as Java's client does; whatever it takes is sent.
 * @param send sends one batch
 * @throws RecordTooLargeError when all others are sent: the records that are too large by themselves; another
 *   KafkaError, which says what may not have been written: no later batch was sent then, or it might overtake
 */
export async function sendInBatches(
  records: readonly OutgoingRecord[],
  send: (batch: readonly OutgoingRecord[]) => Promise<void>,
): Promise<void> {
  const refused: OutgoingRecord[] = [];
  let cause: unknown;
  const waiting = [...batchesOf(records)];
  for (let batch = waiting.shift(); batch; batch = waiting.shift()) {
    try {
      await send(batch);
    } catch (error) {
      const left = leftOf(batch, error);
      if (!isTooLarge(error)) throw withUnwritten(error, [...left, ...waiting.flat()]);
      cause = error;
      if (left.length === 1) refused.push(...left);
      else waiting.unshift(...halvesOf(left));
    }
  }
  if (refused.length > 0) throw new RecordTooLargeError(refused, { cause });
}

/** In the order in which they were to be sent. */
function leftOf(batch: readonly OutgoingRecord[], error: unknown): readonly OutgoingRecord[] {
  if (!(error instanceof KafkaError) || !error.unwritten) return batch;
  const unwritten = new Set(error.unwritten);
  return batch.filter((record) => unwritten.has(record));
}

function halvesOf(records: readonly OutgoingRecord[]): (readonly OutgoingRecord[])[] {
  const middle = Math.ceil(records.length / 2);
  return [records.slice(0, middle), records.slice(middle)];
}

const withUnwritten = (error: unknown, unwritten: readonly OutgoingRecord[]): unknown =>
  error instanceof KafkaError && error.unwritten
    ? new KafkaError(error.code, error.message, { cause: error, unwritten })
    : error;
