import { randomBytes } from 'node:crypto';
import { eventually } from '@stoa/testing';
import { openKafka } from './open-kafka.js';
import { partitionHash } from './murmur2.js';
import {
  FencedError,
  type GroupOptions,
  type KafkaClientName,
  type KafkaPort,
  type KafkaRecord,
  type StartOffset,
  type TopicOffset,
  type TopicPartition,
} from './port.js';

/** What an adapter can't do is left out of the suite, and named here. */
export interface PortAbilities {
  /** Members come and go without taking Kafka partitions from the others. */
  readonly cooperative: boolean;
  /** Milliseconds after which a silent member loses its Kafka partitions. */
  readonly sessionTimeoutMs: number;
}

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

const PARTITIONS = 4;

/** The expectations that every adapter of KafkaPort must meet, on a real broker. */
export function describePort(client: KafkaClientName, brokers: () => string, abilities: PortAbilities): void {
  describe(`KafkaPort on ${client}`, () => {
    const ports: KafkaPort[] = [];
    const topics: string[] = [];
    let port: KafkaPort;

    const open = async (): Promise<KafkaPort> => {
      const opened = await openKafka({
        brokers: brokers().split(','),
        client,
        clientId: `suite-${client}`,
        logger: quiet,
      });
      ports.push(opened);
      return opened;
    };
    const name = (kind: string): string => `suite-${client}-${kind}-${randomBytes(4).toString('hex')}`;
    const topic = async (partitions = PARTITIONS, config: Record<string, string> = {}): Promise<string> => {
      const made = name('topic');
      topics.push(made);
      await port.admin.createTopics([{ topic: made, partitions, replicationFactor: 1, config }]);
      return made;
    };
    const numbered = (of: string, count: number, key: string | null = null, from = 0) =>
      Array.from({ length: count }, (_, i) => ({
        topic: of,
        key,
        value: `${from + i}`,
        headers: { n: `${from + i}` },
      }));
    const values = (records: readonly KafkaRecord[]): string[] =>
      records.map((record) => record.value?.toString() ?? '');
    const reader = async (
      of: string,
      options: { from?: StartOffset; committed?: boolean; partitions?: number } = {},
    ) => {
      const records: KafkaRecord[] = [];
      const { from = 'beginning', committed = true, partitions = PARTITIONS } = options;
      const follower = await port.follow({
        partitions: Array.from({ length: partitions }, (_, partition) => ({ topic: of, partition, from })),
        isolation: committed ? 'committed' : 'uncommitted',
        onRecords: (some) => records.push(...some),
      });
      return { records, follower };
    };
    const member = async (of: string, groupId: string, options: Partial<GroupOptions> = {}, on = port) => {
      const records: KafkaRecord[] = [];
      const assigned = new Map<string, TopicPartition>();
      const revocations: TopicPartition[][] = [];
      const key = ({ topic: t, partition }: TopicPartition): string => `${t}:${partition}`;
      const consumer = await on.consumeGroup({
        ...{ groupId, topics: [of], isolation: 'uncommitted', startAt: 'beginning' },
        onRecords: (some) => records.push(...some),
        ...options,
        onAssigned: (partitions) => {
          for (const partition of partitions) assigned.set(key(partition), partition);
          options.onAssigned?.(partitions);
        },
        onRevoked: (partitions) => {
          revocations.push([...partitions]);
          for (const partition of partitions) assigned.delete(key(partition));
          options.onRevoked?.(partitions);
        },
      });
      return { consumer, records, assigned, revocations };
    };

    beforeAll(async () => {
      port = await open();
    });

    afterAll(async () => {
      const last = await openKafka({ brokers: brokers().split(','), client, clientId: 'suite-end', logger: quiet });
      await Promise.all(ports.map((opened) => opened.close()));
      await last.admin.deleteTopics(topics);
      await last.close();
    });

    describe('admin', () => {
      it('creates topics, leaves existing ones alone, lists and deletes them', async () => {
        const made = await topic(3);
        await port.admin.createTopics([{ topic: made, partitions: 5, replicationFactor: 1 }]);
        expect(await port.admin.partitionCount(made)).toBe(3);
        expect(await port.admin.listTopics()).toContain(made);
        await port.admin.deleteTopics([made]);
        await eventually(async () => expect(await port.admin.listTopics()).not.toContain(made));
        await port.admin.deleteTopics([made]);
        await expect(port.admin.partitionCount(made)).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
      });

      it('tells the ends and the beginnings of a topic, and where a time begins', async () => {
        const made = await topic(2);
        await port.produce([{ topic: made, key: null, value: 'x', partition: 1 }], 'all');
        expect(await port.admin.endOffsets(made)).toEqual([0, 1]);
        expect(await port.admin.beginningOffsets(made)).toEqual([0, 0]);
        const time = await port.append({ topic: made, key: null, value: 'y', partition: 1 });
        expect(await port.admin.offsetsSince(made, time + 1)).toEqual([null, null]);
        expect((await port.admin.offsetsSince(made, time))[1]).toBeLessThanOrEqual(1);
      });

      it('reaches the broker, and says so when it cannot', async () => {
        await port.admin.ping();
        const away = await openKafka({ brokers: ['127.0.0.1:9'], client, clientId: 'suite-away', logger: quiet });
        ports.push(away);
        const start = performance.now();
        await expect(away.admin.ping()).rejects.toMatchObject({ code: 'UNREACHABLE' });
        await expect(away.produce([{ topic: 'any', key: null, value: '' }], 'leader')).rejects.toMatchObject({
          code: 'UNREACHABLE',
        });
        expect(performance.now() - start).toBeLessThan(6_000);
      });
    });

    describe('records', () => {
      it('carries keys, values, headers and the broker’s time, and nulls', async () => {
        const made = await topic(1);
        const before = await port.append({ topic: made, key: 'first', value: 'é', headers: { a: 'ü', empty: '' } });
        await port.produce([{ topic: made, key: Buffer.from('second'), value: null }], 'all');
        await port.produce([{ topic: made, key: null, value: Buffer.from([0, 255]) }], 'leader');
        const { records, follower } = await reader(made, { partitions: 1 });
        await eventually(() => expect(records).toHaveLength(3));
        expect(records.map((record) => record.offset)).toEqual([0, 1, 2]);
        expect(records[0]).toMatchObject({ topic: made, partition: 0, headers: { a: 'ü', empty: '' } });
        expect(records[0]?.timestamp).toBe(before);
        expect(records.map((record) => record.key?.toString() ?? null)).toEqual(['first', 'second', null]);
        expect(records.map((record) => record.value)).toEqual([Buffer.from('é'), null, Buffer.from([0, 255])]);
        expect(records[2]?.timestamp).toBeGreaterThanOrEqual(before);
        await follower.close();
      });

      it('puts a key on the Kafka partition that Java’s client would, in order', async () => {
        const made = await topic();
        const keys = Array.from({ length: 40 }, (_, i) => `customer-${i}`);
        await port.produce(
          keys.map((key) => ({ topic: made, key, value: '1' })),
          'leader',
        );
        await port.produce(
          keys.map((key) => ({ topic: made, key, value: '2' })),
          'leader',
        );
        const { records, follower } = await reader(made);
        await eventually(() => expect(records).toHaveLength(80));
        for (const key of keys) {
          const own = records.filter((record) => record.key?.toString() === key);
          expect(values(own)).toEqual(['1', '2']);
          expect(own.map((record) => record.partition)).toEqual(
            Array(2).fill(partitionHash(Buffer.from(key)) % PARTITIONS),
          );
        }
        await follower.close();
      });

      it('spreads records without a key over all Kafka partitions', async () => {
        const made = await topic();
        await port.produce(numbered(made, 64), 'leader');
        const ends = await port.admin.endOffsets(made);
        expect(ends.reduce((sum, end) => sum + end, 0)).toBe(64);
        expect(Math.min(...ends)).toBeGreaterThan(0);
      });

      it('refuses an unknown topic and a record that is too large by their names', async () => {
        await expect(port.produce([{ topic: name('none'), key: null, value: '' }], 'leader')).rejects.toMatchObject({
          code: 'UNKNOWN_TOPIC',
        });
        const made = await topic(1, { 'max.message.bytes': '2000' });
        const large = { topic: made, key: null, value: randomBytes(5_000) };
        await expect(port.produce([large], 'leader')).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' });
      });
    });

    describe('follower', () => {
      it('starts at the beginning, at the end, or at an offset, and knows its position', async () => {
        const made = await topic(1);
        await port.produce(numbered(made, 3), 'all');
        const [all, end, second] = await Promise.all([
          reader(made, { partitions: 1 }),
          reader(made, { partitions: 1, from: 'end' }),
          reader(made, { partitions: 1, from: 1 }),
        ]);
        await eventually(() => expect(values(all.records)).toEqual(['0', '1', '2']));
        await port.produce(numbered(made, 1, null, 3), 'all');
        await eventually(() => {
          expect(values(all.records)).toEqual(['0', '1', '2', '3']);
          expect(values(end.records)).toEqual(['3']);
          expect(values(second.records)).toEqual(['1', '2', '3']);
          expect(all.follower.position({ topic: made, partition: 0 })).toBe(4);
        });
        await Promise.all([all, end, second].map((one) => one.follower.close()));
      });

      it('pauses one Kafka partition while others go on, loses nothing, and seeks', async () => {
        const made = await topic(2);
        const { records, follower } = await reader(made, { partitions: 2 });
        const paused = { topic: made, partition: 0 };
        follower.pause(paused);
        const both = (value: string) => [0, 1].map((partition) => ({ topic: made, key: null, value, partition }));
        await port.produce(both('a'), 'all');
        await eventually(() => expect(records.map((record) => record.partition)).toEqual([1]));
        await port.produce(both('b'), 'all');
        await eventually(() => expect(records.map((record) => record.partition)).toEqual([1, 1]));
        follower.resume(paused);
        const of = (partition: number) => values(records.filter((record) => record.partition === partition));
        await eventually(() => expect(of(0)).toEqual(['a', 'b']), { timeoutMs: 3_000 });
        follower.seek(paused, 1);
        await eventually(() => expect(of(0)).toEqual(['a', 'b', 'b']), { timeoutMs: 3_000 });
        expect(of(1)).toEqual(['a', 'b']);
        await follower.close();
      });

      it('goes on at the beginning when its offset is out of range', async () => {
        const made = await topic(1);
        await port.produce(numbered(made, 2), 'all');
        const { records, follower } = await reader(made, { partitions: 1, from: 1_000 });
        await eventually(() => expect(values(records)).toEqual(['0', '1']));
        await follower.close();
      });
    });

    describe('transactions', () => {
      it('shows all of a committed transaction and none of an aborted one', async () => {
        const made = await topic(1);
        const producer = await port.transactional(name('tx'));
        const committed = await reader(made, { partitions: 1 });
        const everything = await reader(made, { partitions: 1, committed: false });
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
        const again = await reader(made, { partitions: 1 });
        await eventually(() => expect(values(again.records)).toEqual(['b', 'bb', 'e', 'ee']));
        const [end] = await port.admin.endOffsets(made);
        await eventually(() => expect(again.follower.position({ topic: made, partition: 0 })).toBe(end));
        await Promise.all([committed, everything, again].map((one) => one.follower.close()));
        await producer.close();
      });

      it('hides the records of an aborted transaction whose end lies in a later fetch', async () => {
        const made = await topic(1);
        const producer = await port.transactional(name('tx'));
        const transaction = await producer.begin();
        for (let i = 0; i < 8; i += 1)
          await transaction.send([{ topic: made, key: 'k', value: Buffer.alloc(20_000, 97) }]);
        await transaction.abort();
        await port.produce([{ topic: made, key: 'k', value: 'seen' }], 'all');
        const records: KafkaRecord[] = [];
        const follower = await port.follow({
          ...{
            partitions: [{ topic: made, partition: 0, from: 'beginning' }],
            isolation: 'committed',
            maxBytes: 50_000,
          },
          onRecords: (some) => records.push(...some),
        });
        await eventually(() => expect(values(records)).toContain('seen'));
        expect(values(records)).toEqual(['seen']);
        await follower.close();
        await producer.close();
      });

      it('hides an open transaction from readers of committed records, until it ends', async () => {
        const made = await topic(1);
        const producer = await port.transactional(name('tx'));
        const transaction = await producer.begin();
        await transaction.send([{ topic: made, key: 'k', value: 'open' }]);
        const committed = await reader(made, { partitions: 1 });
        const everything = await reader(made, { partitions: 1, committed: false });
        await eventually(() => expect(values(everything.records)).toEqual(['open']));
        expect(committed.records).toEqual([]);
        await transaction.commit();
        await eventually(() => expect(values(committed.records)).toEqual(['open']));
        await Promise.all([committed, everything].map((one) => one.follower.close()));
        await producer.close();
      });

      it('fences a producer whose transactional id was taken over: its send or commit is refused, none of it is seen', async () => {
        const made = await topic(1);
        const id = name('tx');
        const frozen = await port.transactional(id);
        const first = await frozen.begin();
        await first.send([{ topic: made, key: 'k', value: 'before' }]);
        await first.commit();
        const half = await frozen.begin();
        await half.send([{ topic: made, key: 'k', value: 'half' }]);

        const successor = await (await open()).transactional(id);
        const woken = async (): Promise<void> => {
          await half.send([{ topic: made, key: 'k', value: 'woken' }]);
          await half.commit();
        };
        await expect(woken()).rejects.toThrow(FencedError);
        await expect(frozen.begin().then((transaction) => transaction.commit())).rejects.toThrow(FencedError);

        const next = await successor.begin();
        await next.send([{ topic: made, key: 'k', value: 'after' }]);
        await next.commit();
        const { records, follower } = await reader(made, { partitions: 1 });
        await eventually(() => expect(values(records)).toEqual(['before', 'after']));
        await follower.close();
        await Promise.allSettled([frozen.close(), successor.close()]);
      });
    });

    describe('group', () => {
      const offsetsAfter = (records: readonly KafkaRecord[]): TopicOffset[] =>
        records.map(({ topic: t, partition, offset }) => ({ topic: t, partition, offset: offset + 1 }));

      it('gets all Kafka partitions, and goes on where the last member committed', async () => {
        const made = await topic();
        const groupId = name('group');
        await port.produce(numbered(made, 20), 'all');
        const first = await member(made, groupId);
        await eventually(() => expect(first.records).toHaveLength(20));
        expect(first.consumer.isJoined()).toBe(true);
        expect(first.assigned.size).toBe(PARTITIONS);
        const ends = await port.admin.endOffsets(made);
        await first.consumer.commit(ends.map((offset, partition) => ({ topic: made, partition, offset })));
        expect(await port.admin.committedOffsets(groupId, made)).toEqual(ends);
        await first.consumer.close();

        await port.produce(numbered(made, 4, null, 20), 'all');
        const second = await member(made, groupId);
        await eventually(() => expect(second.records).toHaveLength(4));
        expect(values(second.records).toSorted()).toEqual(['20', '21', '22', '23']);
        await second.consumer.close();
        await port.admin.deleteGroup(groupId);
      });

      it('delivers again what was not committed, and starts at the end where asked to', async () => {
        const made = await topic(1);
        const groupId = name('group');
        await port.produce(numbered(made, 3), 'all');
        const first = await member(made, groupId);
        await eventually(() => expect(first.records).toHaveLength(3));
        await first.consumer.commit(offsetsAfter(first.records.slice(0, 1)));
        await first.consumer.close();
        const second = await member(made, groupId);
        await eventually(() => expect(values(second.records)).toEqual(['1', '2']));
        await second.consumer.close();

        const late = await member(made, name('group'), { startAt: 'end' });
        await eventually(() => expect(late.assigned.size).toBe(1));
        await eventually(async () => {
          await port.produce(numbered(made, 1, null, 9), 'all');
          expect(late.records.length).toBeGreaterThan(0);
        });
        expect(new Set(values(late.records))).toEqual(new Set(['9']));
        await late.consumer.close();
      });

      it('pauses one Kafka partition and resumes it without loss', async () => {
        const made = await topic(2);
        const { consumer, records, assigned } = await member(made, name('group'));
        await eventually(() => expect(assigned.size).toBe(2));
        const paused = { topic: made, partition: 0 };
        consumer.pause(paused);
        const both = (value: string) => [0, 1].map((partition) => ({ topic: made, key: null, value, partition }));
        await port.produce(both('a'), 'all');
        await eventually(() => expect(records.map((record) => record.partition)).toEqual([1]));
        consumer.resume(paused);
        await eventually(() => expect(records.map((record) => record.partition)).toEqual([1, 0]), { timeoutMs: 3_000 });
        await consumer.close();
      });

      it('shares the Kafka partitions with a second member, and takes them back when it leaves', async () => {
        const made = await topic();
        const groupId = name('group');
        const first = await member(made, groupId);
        await eventually(() => expect(first.assigned.size).toBe(PARTITIONS));
        const second = await member(made, groupId, {}, await open());
        await eventually(() => {
          expect(first.assigned.size).toBe(PARTITIONS / 2);
          expect(second.assigned.size).toBe(PARTITIONS / 2);
        });
        if (abilities.cooperative) {
          expect(first.revocations.flat()).toHaveLength(PARTITIONS / 2);
          expect(second.revocations).toEqual([]);
        }
        await port.produce(numbered(made, 64), 'all');
        await eventually(() => expect(first.records.length + second.records.length).toBe(64));
        expect(second.records.length).toBeGreaterThan(0);
        await first.consumer.commit(
          (await port.admin.endOffsets(made)).map((offset, partition) => ({ topic: made, partition, offset })),
        );
        await second.consumer.commit(
          (await port.admin.endOffsets(made)).map((offset, partition) => ({ topic: made, partition, offset })),
        );

        await second.consumer.close();
        await eventually(() => expect(first.assigned.size).toBe(PARTITIONS));
        await port.produce(numbered(made, 64, null, 64), 'all');
        await eventually(() => expect(new Set([...values(first.records), ...values(second.records)]).size).toBe(128));
        await first.consumer.close();
      });

      it('gives each of two members its share of every topic', async () => {
        const made = [await topic(), await topic()];
        const groupId = name('group');
        const both = [
          await member(made[0] ?? '', groupId, { topics: made }),
          await member(made[0] ?? '', groupId, { topics: made }, await open()),
        ];
        const shares = () =>
          both.flatMap(({ assigned }) =>
            made.map((one) => [...assigned.values()].filter((part) => part.topic === one).length),
          );
        await eventually(() => expect(shares()).toEqual(Array(4).fill(PARTITIONS / 2)));
        await Promise.all(both.map(({ consumer }) => consumer.close()));
      });

      it('comes back after it stood still for longer than its session', async () => {
        const made = await topic(1);
        const { consumer, records, revocations } = await member(made, name('group'));
        await port.produce(numbered(made, 1), 'all');
        await eventually(() => expect(values(records)).toEqual(['0']));
        await consumer.commit(offsetsAfter(records));
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, abilities.sessionTimeoutMs + 700);
        await eventually(() => expect(revocations.flat()).toHaveLength(1));
        await port.produce(numbered(made, 1, null, 1), 'all');
        await eventually(() => expect(values(records)).toEqual(['0', '1']));
        expect(consumer.isJoined()).toBe(true);
        await consumer.commit(offsetsAfter(records));
        await consumer.close();
      });

      (abilities.cooperative ? it : it.skip)('lets a commit go out while Kafka partitions are revoked', async () => {
        const made = await topic(2);
        const groupId = name('group');
        await port.produce(numbered(made, 32), 'all');
        const commits: Promise<void>[] = [];
        const first = await member(made, groupId, {
          onRevoked: (partitions) => {
            const done = first.records.filter((r) => partitions.some((p) => p.partition === r.partition));
            commits.push(first.consumer.commit(offsetsAfter(done.slice(-1))));
          },
        });
        await eventually(() => expect(first.records).toHaveLength(32));
        const second = await member(made, groupId, {}, await open());
        await eventually(() => expect(second.assigned.size).toBe(1));
        await Promise.all(commits);
        const [taken] = [...second.assigned.values()];
        await port.produce([{ topic: made, key: null, value: 'new', partition: taken?.partition ?? 0 }], 'all');
        await eventually(() => expect(values(second.records)).toEqual(['new']));
        await Promise.all([first.consumer.close(), second.consumer.close()]);
      });

      it('stops delivering but can still commit', async () => {
        const made = await topic(1);
        const groupId = name('group');
        await port.produce(numbered(made, 1), 'all');
        const { consumer, records } = await member(made, groupId);
        await eventually(() => expect(records).toHaveLength(1));
        await consumer.stop();
        await port.produce(numbered(made, 1, null, 1), 'all');
        await consumer.commit([{ topic: made, partition: 0, offset: 1 }]);
        expect(await port.admin.committedOffsets(groupId, made)).toEqual([1]);
        expect(records).toHaveLength(1);
        await consumer.close();
      });
    });
  });
}
