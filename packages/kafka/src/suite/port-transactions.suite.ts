import { eventually } from '@stoa/testing';
import { values, type PortKit } from './port-kit.suite.js';
import { FencedError, type KafkaRecord } from '../port/port.js';

/** All or nothing, and fencing. */
export function describeTransactions(kit: PortKit): void {
  describe('transactions', () => {
    it('shows all of a committed transaction and none of an aborted one', async () => {
      const made = await kit.topic(1);
      const producer = await kit.port.transactional(kit.name('tx'));
      const committed = await kit.reader(made, { partitions: 1 });
      const everything = await kit.reader(made, { partitions: 1, committed: false });
      for (const [value, ends] of [
        ['a', 'abort'],
        ['b', 'commit'],
        ['c', 'abort'],
        ['d', 'abort'],
        ['e', 'commit'],
      ] as const) {
        const transaction = await producer.begin();
        await transaction.send([{ topic: made, key: 'k', value }]);
        await transaction.send([{ topic: made, key: 'k', value: `${value}${value}` }]);
        await transaction[ends]();
      }
      await eventually(() => {
        expect(values(everything.records)).toEqual(['a', 'aa', 'b', 'bb', 'c', 'cc', 'd', 'dd', 'e', 'ee']);
        expect(values(committed.records)).toEqual(['b', 'bb', 'e', 'ee']);
      });
      const again = await kit.reader(made, { partitions: 1 });
      await eventually(() => expect(values(again.records)).toEqual(['b', 'bb', 'e', 'ee']));
      const [end] = await kit.port.admin.endOffsets(made);
      await eventually(() => expect(again.follower.position({ topic: made, partition: 0 })).toBe(end));
      await Promise.all([committed, everything, again].map((one) => one.follower.close()));
      await producer.close();
    });

    it('takes any number of records at once, however many bytes they have together', async () => {
      const made = await kit.topic(1);
      const producer = await kit.port.transactional(kit.name('tx'));
      const transaction = await producer.begin();
      const sizes = [...Array<number>(30).fill(40_000), 1_048_000, 600_000, 600_000];
      await transaction.send(sizes.map((bytes) => ({ topic: made, key: 'k', value: 'x'.repeat(bytes) })));
      await transaction.commit();
      const { records, follower } = await kit.reader(made, { partitions: 1 });
      await eventually(() => expect(records.map((record) => record.value?.length)).toEqual(sizes));
      await follower.close();
      await producer.close();
    });

    it('hides the records of an aborted transaction whose end lies in a later fetch', async () => {
      const made = await kit.topic(1);
      const producer = await kit.port.transactional(kit.name('tx'));
      const transaction = await producer.begin();
      for (let i = 0; i < 8; i += 1)
        await transaction.send([{ topic: made, key: 'k', value: Buffer.alloc(20_000, 97) }]);
      await transaction.abort();
      await kit.port.produce([{ topic: made, key: 'k', value: 'seen' }], 'all');
      const records: KafkaRecord[] = [];
      const follower = await kit.port.follow({
        partitions: [{ topic: made, partition: 0, from: 'beginning' }],
        isolation: 'committed',
        maxBytes: 50_000,
        onRecords: (some) => records.push(...some),
      });
      await eventually(() => expect(values(records)).toContain('seen'));
      expect(values(records)).toEqual(['seen']);
      await follower.close();
      await producer.close();
    });

    it('hides an open transaction from readers of committed records, until it ends', async () => {
      const made = await kit.topic(1);
      const producer = await kit.port.transactional(kit.name('tx'));
      const transaction = await producer.begin();
      await transaction.send([{ topic: made, key: 'k', value: 'open' }]);
      const committed = await kit.reader(made, { partitions: 1 });
      const everything = await kit.reader(made, { partitions: 1, committed: false });
      await eventually(() => expect(values(everything.records)).toEqual(['open']));
      expect(committed.records).toEqual([]);
      await transaction.commit();
      await eventually(() => expect(values(committed.records)).toEqual(['open']));
      await Promise.all([committed, everything].map((one) => one.follower.close()));
      await producer.close();
    });

    it('fences a producer whose transactional id was taken over: its send or commit is refused, none of it is seen', async () => {
      const made = await kit.topic(1);
      const id = kit.name('tx');
      const frozen = await kit.port.transactional(id);
      const first = await frozen.begin();
      await first.send([{ topic: made, key: 'k', value: 'before' }]);
      await first.commit();
      const half = await frozen.begin();
      await half.send([{ topic: made, key: 'k', value: 'half' }]);

      const successor = await (await kit.open()).transactional(id);
      const woken = async (): Promise<void> => {
        await half.send([{ topic: made, key: 'k', value: 'woken' }]);
        await half.commit();
      };
      await expect(woken()).rejects.toThrow(FencedError);
      await expect(frozen.begin().then((transaction) => transaction.commit())).rejects.toThrow(FencedError);

      const next = await successor.begin();
      await next.send([{ topic: made, key: 'k', value: 'after' }]);
      await next.commit();
      const { records, follower } = await kit.reader(made, { partitions: 1 });
      await eventually(() => expect(values(records)).toEqual(['before', 'after']));
      await follower.close();
      await Promise.allSettled([frozen.close(), successor.close()]);
    });
  });
}
