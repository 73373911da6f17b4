import { KafkaError, RecordTooLargeError, type OutgoingRecord } from './port.js';

/**
 * Bytes of a batch that a broker takes unless it is told otherwise (`message.max.bytes`: 1 MiB, and what the log adds). One
 * record is a batch too, so its key, value, headers and framing together must fit.
 */
export const MAX_RECORD_BYTES = 1_048_588;

/** What a record costs besides its contents, at the most: a batch's header (61), and the numbers of its own (40). */
const FRAMING_BYTES = 101;
const HEADER_FRAMING_BYTES = 10;

type Sized = Pick<OutgoingRecord, 'key' | 'value' | 'headers'>;

const bytesIn = (content: string | Buffer | null): number =>
  typeof content === 'string' ? Buffer.byteLength(content) : (content?.length ?? 0);

/** UTF-8 takes three bytes at the most for each unit of a string: known without reading it. */
const mostIn = (content: string | Buffer | null): number =>
  typeof content === 'string' ? content.length * 3 : (content?.length ?? 0);

/** True when UTF-8 of the text takes more bytes; a short one is not read. */
export const isLonger = (text: string, bytes: number): boolean =>
  text.length > bytes / 3 && Buffer.byteLength(text) > bytes;

function measured({ key, value, headers }: Sized, measure: typeof bytesIn): number {
  let bytes = FRAMING_BYTES + measure(key) + measure(value);
  for (const name in headers) bytes += HEADER_FRAMING_BYTES + measure(name) + measure(headers[name] ?? '');
  return bytes;
}

/** Bytes that a record takes in a batch by itself: exact but for some framing, never too few. */
export const sizeOf = (record: Sized): number => measured(record, bytesIn);

/** What a record that was read holds in memory, about: counted for each one, so its texts are not read. */
export const memoryOf = (record: Sized): number => measured(record, (content) => content?.length ?? 0);

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
  let most = 0;
  for (const record of records) most += measured(record, mostIn);
  return most <= MAX_RECORD_BYTES ? [records] : cutByBytes(records, sizeOf, MAX_RECORD_BYTES);
}

const isTooLarge = (error: unknown): boolean => error instanceof KafkaError && error.code === 'RECORD_TOO_LARGE';

/**
 * Sends records in batches that a broker takes. One that still refuses a batch as too large (its own bound is smaller) gets the
 * halves of it, as Java's client does; whatever it takes is sent.
 * @param send sends one batch
 * @throws RecordTooLargeError when all others are sent: the records that are too large by themselves; else what `send` throws
 */
export async function sendInBatches(
  records: readonly OutgoingRecord[],
  send: (batch: readonly OutgoingRecord[]) => Promise<void>,
): Promise<void> {
  const refused: OutgoingRecord[] = [];
  let cause: unknown;
  const sendOrHalve = async (batch: readonly OutgoingRecord[]): Promise<void> => {
    try {
      await send(batch);
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      if (batch.length === 1) {
        refused.push(...batch);
        cause = error;
        return;
      }
      const middle = Math.ceil(batch.length / 2);
      await sendOrHalve(batch.slice(0, middle));
      await sendOrHalve(batch.slice(middle));
    }
  };
  for (const batch of batchesOf(records)) await sendOrHalve(batch);
  if (refused.length > 0) throw new RecordTooLargeError(refused, { cause });
}
