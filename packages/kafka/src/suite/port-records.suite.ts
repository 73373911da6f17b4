import { randomBytes } from 'node:crypto';
import { eventually } from '@stoa/testing';
import { partitionHash } from '../port/murmur2.js';
import { KafkaError } from '../port/port.js';
import { LONG_WAIT_MS, numbered, PARTITIONS, SOON_MS, values, type PortKit } from './port-kit.suite.js';

/** Topics and offsets. */
export function describeAdmin(kit: PortKit): void {
  describe('admin', () => {
    it('creates topics, leaves existing ones alone, lists and deletes them', async () => {
      const made = await kit.topic(3);
      await kit.port.admin.createTopics([{ topic: made, partitions: 5, replicationFactor: 1 }]);
      expect(await kit.port.admin.partitionCount(made)).toBe(3);
      expect(await kit.port.admin.listTopics()).toContain(made);
      await kit.port.admin.deleteTopics([made]);
      await eventually(async () => expect(await kit.port.admin.listTopics()).not.toContain(made));
      await kit.port.admin.deleteTopics([made]);
      await expect(kit.port.admin.partitionCount(made)).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
    });

    it('reports the ends and the beginnings of a topic, and where a time begins', async () => {
      const made = await kit.topic(2);
      await kit.port.produce([{ topic: made, key: null, value: 'x', partition: 1 }], 'all');
      expect(await kit.port.admin.endOffsets(made)).toEqual([0, 1]);
      expect(await kit.port.admin.beginningOffsets(made)).toEqual([0, 0]);
      const time = await kit.port.append({ topic: made, key: null, value: 'y', partition: 1 });
      expect(await kit.port.admin.offsetsSince(made, time + 1)).toEqual([null, null]);
      expect((await kit.port.admin.offsetsSince(made, time))[1]).toBeLessThanOrEqual(1);
    });

    it('reports the ends of several topics that are asked for at once', async () => {
      const topics = await Promise.all(Array.from({ length: 6 }, () => kit.topic(2)));
      const fresh = await kit.open();
      await Promise.all([
        ...topics.map(async (topic) => expect(await fresh.admin.endOffsets(topic)).toEqual([0, 0])),
        ...topics.map(async (topic) => expect(await fresh.admin.beginningOffsets(topic)).toEqual([0, 0])),
      ]);
    });

    it('gives topics the settings that are named, and leaves them the others', async () => {
      const made = await kit.topic(1, { 'max.message.bytes': '2000', 'retention.ms': '60000' });
      const produce = () => kit.port.produce([{ topic: made, key: null, value: randomBytes(5_000) }], 'leader');
      await kit.port.admin.configureTopics([{ topic: made, config: { 'retention.ms': '120000' } }]);
      await expect(produce()).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' });
      const config = { 'retention.ms': '120000', 'max.message.bytes': '100000' };
      await kit.port.admin.configureTopics([{ topic: made, config }]);
      await eventually(produce);
      await kit.port.admin.configureTopics([]);
    });

    it('reaches the broker, and says so when it cannot', async () => {
      await kit.port.admin.ping();
      const unreachable = await kit.open({ brokers: '127.0.0.1:9' });
      const start = performance.now();
      await expect(unreachable.admin.ping()).rejects.toMatchObject({ code: 'UNREACHABLE' });
      await expect(unreachable.produce([{ topic: 'any', key: null, value: '' }], 'leader')).rejects.toMatchObject({
        code: 'UNREACHABLE',
      });
      expect(performance.now() - start).toBeLessThan(20_000);
    });
  });
}

/** Producing, and what arrives of it. */
export function describeRecords(kit: PortKit): void {
  describe('records', () => {
    it('carries keys, values, headers and the broker’s time, and nulls', async () => {
      const made = await kit.topic(1);
      const before = await kit.port.append({ topic: made, key: 'first', value: 'é', headers: { a: 'ü', empty: '' } });
      await kit.port.produce([{ topic: made, key: Buffer.from('second'), value: null }], 'all');
      await kit.port.produce([{ topic: made, key: null, value: Buffer.from([0, 255]) }], 'leader');
      const { records, follower } = await kit.reader(made, { partitions: 1 });
      await eventually(() => expect(records).toHaveLength(3));
      expect(records.map((record) => record.offset)).toEqual([0, 1, 2]);
      expect(records[0]).toMatchObject({ topic: made, partition: 0, headers: { a: 'ü', empty: '' } });
      expect(records[0]?.timestamp).toBe(before);
      expect(records.map((record) => record.key?.toString() ?? null)).toEqual(['first', 'second', null]);
      expect(records.map((record) => record.value)).toEqual([Buffer.from('é'), null, Buffer.from([0, 255])]);
      expect(records[2]?.timestamp).toBeGreaterThanOrEqual(before);
      await follower.close();
    });

    it('goes on when a topic that it wrote to is deleted, as reply topics are', async () => {
      const gone = await kit.topic(1);
      await kit.port.produce([{ topic: gone, key: null, value: 'x' }], 'leader');
      await kit.port.admin.deleteTopics([gone]);
      await eventually(async () => expect(await kit.port.admin.listTopics()).not.toContain(gone));
      const record = { topic: gone, key: null, value: 'y' };
      // A broker's log of a topic may outlive it in the list for a moment.
      await eventually(() => expect(kit.port.produce([record], 'leader')).rejects.toBeInstanceOf(KafkaError));
      for (const next of [await kit.topic(1), await kit.topic(1)]) {
        await kit.port.produce([{ ...record, topic: next }], 'leader');
        await kit.port.append({ ...record, topic: next });
        expect(await kit.port.admin.endOffsets(next)).toEqual([2]);
      }
    });

    it('puts a key on the Kafka partition that Java’s client would, in order', async () => {
      const made = await kit.topic();
      const keys = Array.from({ length: 40 }, (_, i) => `customer-${i}`);
      await kit.port.produce(
        keys.map((key) => ({ topic: made, key, value: '1' })),
        'leader',
      );
      await kit.port.produce(
        keys.map((key) => ({ topic: made, key, value: '2' })),
        'leader',
      );
      const { records, follower } = await kit.reader(made);
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
      const made = await kit.topic();
      await kit.port.produce(numbered(made, 64), 'leader');
      const ends = await kit.port.admin.endOffsets(made);
      expect(ends.reduce((sum, end) => sum + end, 0)).toBe(64);
      expect(Math.min(...ends)).toBeGreaterThan(0);
    });

    it('sends any number of records at once, in order, however many bytes they have together', async () => {
      const made = await kit.topic(1);
      const sizes = [...Array<number>(30).fill(40_000), 1_048_000, 10, 700_000, 700_000, 10];
      const records = sizes.map((bytes, n) => ({ topic: made, key: 'k', value: `${n}.`.padEnd(bytes, 'x') }));
      await kit.port.produce(records, 'all');
      const seen = await kit.reader(made, { partitions: 1 });
      await eventually(() => expect(seen.records).toHaveLength(records.length));
      expect(seen.records.map((one) => one.value?.length)).toEqual(sizes);
      expect(values(seen.records).map(parseFloat)).toEqual(records.map((_, n) => n));
      await seen.follower.close();
    });

    it('sends what a broker of a smaller bound takes, and names what it does not', async () => {
      const made = await kit.topic(1, { 'max.message.bytes': '2000' });
      const records = [900, 900, 900, 3_000, 900, 900].map((bytes) => ({
        topic: made,
        key: null,
        value: randomBytes(bytes),
      }));
      await expect(kit.port.produce(records, 'leader')).rejects.toMatchObject({
        code: 'RECORD_TOO_LARGE',
        records: [records[3]],
      });
      expect(await kit.port.admin.endOffsets(made)).toEqual([5]);
    });

    it('refuses an unknown topic and a record that is too large by their names', async () => {
      await expect(
        kit.port.produce([{ topic: kit.name('none'), key: null, value: '' }], 'leader'),
      ).rejects.toMatchObject({
        code: 'UNKNOWN_TOPIC',
      });
      const made = await kit.topic(1, { 'max.message.bytes': '2000' });
      const large = { topic: made, key: null, value: randomBytes(5_000) };
      await expect(kit.port.produce([large], 'leader')).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' });
    });
  });
}

/** Reading without a group. */
export function describeFollower(kit: PortKit): void {
  describe('follower', () => {
    it('starts at the beginning, at the end, or at an offset, and knows its position', async () => {
      const made = await kit.topic(1);
      await kit.port.produce(numbered(made, 3), 'all');
      const [all, end, second] = await Promise.all([
        kit.reader(made, { partitions: 1 }),
        kit.reader(made, { partitions: 1, from: 'end' }),
        kit.reader(made, { partitions: 1, from: 1 }),
      ]);
      await eventually(() => expect(values(all.records)).toEqual(['0', '1', '2']));
      await kit.port.produce(numbered(made, 1, null, 3), 'all');
      await eventually(() => {
        expect(values(all.records)).toEqual(['0', '1', '2', '3']);
        expect(values(end.records)).toEqual(['3']);
        expect(values(second.records)).toEqual(['1', '2', '3']);
        expect(all.follower.position({ topic: made, partition: 0 })).toBe(4);
      });
      await Promise.all([all, end, second].map((one) => one.follower.close()));
    });

    it('pauses one Kafka partition while others go on, loses nothing, and seeks', async () => {
      const made = await kit.topic(2);
      const { records, follower } = await kit.reader(made, { partitions: 2, maxWaitMs: LONG_WAIT_MS });
      const paused = { topic: made, partition: 0 };
      follower.pause(paused);
      const both = (value: string) => [0, 1].map((partition) => ({ topic: made, key: null, value, partition }));
      await kit.port.produce(both('a'), 'all');
      await eventually(() => expect(records.map((record) => record.partition)).toEqual([1]));
      await kit.port.produce(both('b'), 'all');
      await eventually(() => expect(records.map((record) => record.partition)).toEqual([1, 1]));
      follower.resume(paused);
      const of = (partition: number) => values(records.filter((record) => record.partition === partition));
      await eventually(() => expect(of(0)).toEqual(['a', 'b']), { timeoutMs: SOON_MS });
      follower.seek(paused, 1);
      await eventually(() => expect(of(0)).toEqual(['a', 'b', 'b']), { timeoutMs: SOON_MS });
      expect(of(1)).toEqual(['a', 'b']);
      await follower.close();
    });

    it('goes on at the beginning when its offset is out of range', async () => {
      const made = await kit.topic(1);
      await kit.port.produce(numbered(made, 2), 'all');
      const { records, follower } = await kit.reader(made, { partitions: 1, from: 1_000 });
      await eventually(() => expect(values(records)).toEqual(['0', '1']));
      await follower.close();
    });
  });
}
