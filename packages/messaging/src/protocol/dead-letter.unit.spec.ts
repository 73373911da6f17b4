import { randomBytes } from 'node:crypto';
import { deadLetter, writeDeadLetter } from './dead-letter.js';
import {
  KafkaError,
  type KafkaRecord,
  MAX_RECORD_BYTES,
  type OutgoingRecord,
  RecordTooLargeError,
  sizeOf,
} from '@stoa/kafka';

const record = (more: Partial<KafkaRecord> = {}): KafkaRecord => ({
  topic: 'cart.commands',
  partition: 3,
  offset: 42,
  timestamp: 0,
  key: Buffer.from('key'),
  value: Buffer.from('value'),
  headers: { op: 'addItem' },
  ...more,
});
const letterOf = (more: Partial<KafkaRecord>, reason = 'no JSON') => deadLetter('dead', record(more), reason, 'cart-1');

describe('a dead letter', () => {
  it('is the record as it came, where that fits', () => {
    expect(letterOf({})).toEqual({
      topic: 'dead',
      key: Buffer.from('key'),
      value: Buffer.from('value'),
      headers: { op: 'addItem', 'dead-origin': 'cart.commands:3:42', 'dead-reason': 'no JSON', 'dead-by': 'cart-1' },
    });
  });

  it('has as much of a large value as fits, and says how much there was', () => {
    const value = randomBytes(1_048_400);
    const letter = letterOf({ value });
    expect(sizeOf(letter)).toBe(MAX_RECORD_BYTES);
    expect(letter.headers).toMatchObject({ op: 'addItem', 'dead-cut': 'value', 'dead-size': '1048400' });
    const kept = letter.value as Buffer;
    expect(value.subarray(0, kept.length).equals(kept)).toBe(true);
  });

  it('fits whatever is large: key, headers, one header, its name, the reason', () => {
    const long = 'ü'.repeat(500_000);
    const many = Object.fromEntries(Array.from({ length: 40_000 }, (_, n) => [`header-${n}`, 'v']));
    const large: [Partial<KafkaRecord>, string][] = [
      [{ key: randomBytes(1_000_000) }, 'key'],
      [{ headers: many }, 'headers'],
      [{ headers: { op: long } }, 'headers'],
      [{ headers: { [long]: 'x' } }, 'headers'],
      [{ key: randomBytes(9_000), value: randomBytes(1_100_000), headers: { op: long } }, 'key,headers,value'],
    ];
    for (const [more, cut] of large) {
      const letter = letterOf(more, long);
      expect(sizeOf(letter)).toBeLessThanOrEqual(MAX_RECORD_BYTES);
      expect(letter.headers).toMatchObject({ 'dead-cut': cut, 'dead-origin': 'cart.commands:3:42' });
    }
  });

  it('of a broker that takes less is a pointer to the record', async () => {
    const sent: OutgoingRecord[] = [];
    const produce = async (records: readonly OutgoingRecord[]): Promise<void> => {
      if (sizeOf(records[0]!) > 2_000) throw new RecordTooLargeError(records);
      sent.push(...records);
    };
    await writeDeadLetter({ produce }, 'dead', record({ value: randomBytes(5_000) }), 'x'.repeat(5_000), 'cart-1');
    expect(sent).toMatchObject([{ topic: 'dead', key: null, value: null }]);
    expect(sent[0]?.headers).toMatchObject({ 'dead-origin': 'cart.commands:3:42', 'dead-size': '5000' });
    const unreachable = () => Promise.reject(new KafkaError('UNREACHABLE', 'unreachable'));
    await expect(writeDeadLetter({ produce: unreachable }, 'dead', record(), 'x', 'cart-1')).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
  });
});
