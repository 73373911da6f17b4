import { KafkaError, RecordTooLargeError, type OutgoingRecord } from './port.js';
import { batchesOf, cutByBytes, MAX_RECORD_BYTES, sendInBatches, sizeOf } from './record-size.js';

const record = (bytes: number, letter = 'x'): OutgoingRecord => ({
  topic: 't',
  key: null,
  value: letter.repeat(bytes),
});
const lengths = (batches: readonly (readonly unknown[])[]): number[] => batches.map((batch) => batch.length);

describe('the size of a record', () => {
  it('counts key, value and headers in UTF-8', () => {
    const bare = sizeOf({ key: null, value: null });
    expect(sizeOf({ key: 'kü', value: Buffer.alloc(10) })).toBe(bare + 13);
    expect(sizeOf({ key: null, value: '€', headers: { a: 'ä' } })).toBeGreaterThanOrEqual(bare + 6);
  });

  it('cuts a list by bytes and by number, in order, and leaves what is too large alone', () => {
    const cut = (items: number[], maxItems?: number) => cutByBytes(items, (bytes) => bytes, 10, maxItems);
    expect(cut([])).toEqual([]);
    expect(cut([4, 4, 4, 1])).toEqual([
      [4, 4],
      [4, 1],
    ]);
    expect(cut([3, 99, 3])).toEqual([[3], [99], [3]]);
    expect(cut([1, 1, 1], 2)).toEqual([[1, 1], [1]]);
  });

  it('makes batches that a broker takes, of characters of several bytes too', () => {
    expect(lengths(batchesOf([record(10), record(10)]))).toEqual([2]);
    expect(lengths(batchesOf(Array.from({ length: 30 }, () => record(40_000))))).toEqual([26, 4]);
    expect(lengths(batchesOf(Array.from({ length: 4 }, () => record(200_000, '€'))))).toEqual([1, 1, 1, 1]);
    expect(lengths(batchesOf([record(10), record(MAX_RECORD_BYTES), record(10)]))).toEqual([1, 1, 1]);
  });
});

describe('sending in batches', () => {
  /** A broker that takes batches of so many bytes. */
  function broker(most: number) {
    const taken: OutgoingRecord[] = [];
    const send = async (batch: readonly OutgoingRecord[]): Promise<void> => {
      const bytes = batch.reduce((sum, one) => sum + (one.value?.length ?? 0), 0);
      if (bytes > most) throw new KafkaError('RECORD_TOO_LARGE', 'too large');
      taken.push(...batch);
    };
    return { taken, send };
  }

  it('halves a batch that the broker refuses, and names the records that it takes in none', async () => {
    const { taken, send } = broker(1_000);
    const records = [300, 400, 500, 1_001, 600, 2_000, 1].map((bytes) => record(bytes));
    const error = await sendInBatches(records, send).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RecordTooLargeError);
    expect(error).toMatchObject({ code: 'RECORD_TOO_LARGE', records: [records[3], records[5]] });
    expect(taken.map((one) => one.value?.length)).toEqual([300, 400, 500, 600, 1]);
  });

  it('gives up at another error', async () => {
    const send = () => Promise.reject(new KafkaError('RETRIABLE', 'later'));
    await expect(sendInBatches([record(1)], send)).rejects.toMatchObject({ code: 'RETRIABLE' });
  });
});
