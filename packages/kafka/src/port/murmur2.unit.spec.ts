import { murmur2, partitionHash } from './murmur2.js';
import { Partitioner } from './partitioner.js';

describe('murmur2', () => {
  // From UtilsTest.testMurmur2 of Kafka's Java client.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as Java does', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });

  it('is made positive by dropping the sign bit, not by its absolute value', () => {
    expect(partitionHash(Buffer.from('21'))).toBe(-973932308 & 0x7fffffff);
    expect(partitionHash(Buffer.from('21')) % 12).toBe(0); // the absolute value would give 8
  });
});

describe('Partitioner', () => {
  const record = (key: string | null, partition?: number) =>
    ({ topic: 't', key, value: null, ...(partition === undefined ? {} : { partition }) }) as const;

  it('sends a key always to the same Kafka partition, and honours a given one', () => {
    const partitioner = new Partitioner();
    const key = Buffer.from('foobar');
    expect(partitioner.choose(record('foobar'), key)).toBe(partitionHash(key));
    expect(partitioner.choose(record('foobar', 7), key)).toBe(7);
  });

  it('spreads records without a key evenly, some neighbours together', () => {
    const partitioner = new Partitioner();
    const counts = new Map<number, number>();
    const chosen = Array.from({ length: 960 }, () => partitioner.choose(record(null), null) % 12);
    for (const partition of chosen) counts.set(partition, (counts.get(partition) ?? 0) + 1);
    expect(counts.size).toBe(12);
    expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(8);
    const changes = chosen.filter((partition, i) => i > 0 && partition !== chosen[i - 1]).length;
    expect(changes).toBeLessThan(chosen.length / 4);
  });
});
