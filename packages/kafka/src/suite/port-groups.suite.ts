import { eventually } from '@stoa/testing';
import { LONG_WAIT_MS, numbered, offsetsAfter, PARTITIONS, SOON_MS, values, type PortKit } from './port-kit.suite.js';
import type { KafkaError } from '../port/port.js';

/** Sharing Kafka partitions, and taking them over. */
export function describeGroups(kit: PortKit): void {
  describe('group', () => {
    it('gets all Kafka partitions, and goes on where the last member committed', async () => {
      const made = await kit.topic();
      const groupId = kit.name('group');
      await kit.port.produce(numbered(made, 20), 'all');
      const first = await kit.member(made, groupId);
      await eventually(() => expect(first.records).toHaveLength(20));
      await eventually(() => expect(first.consumer.isJoined()).toBe(true));
      expect(first.assigned.size).toBe(PARTITIONS);
      const ends = await kit.port.admin.endOffsets(made);
      await first.consumer.commit(ends.map((offset, partition) => ({ topic: made, partition, offset })));
      expect(await kit.port.admin.committedOffsets(groupId, made)).toEqual(ends);
      await first.consumer.close();

      await kit.port.produce(numbered(made, 4, null, 20), 'all');
      const second = await kit.member(made, groupId);
      await eventually(() => expect(second.records).toHaveLength(4));
      expect(values(second.records).toSorted()).toEqual(['20', '21', '22', '23']);
      await second.consumer.close();
      await eventually(() => kit.port.admin.deleteGroup(groupId)); // once its last member is seen to be gone
    });

    it('delivers again what was not committed, and starts at the end where asked to', async () => {
      const made = await kit.topic(1);
      const groupId = kit.name('group');
      await kit.port.produce(numbered(made, 3), 'all');
      const first = await kit.member(made, groupId);
      await eventually(() => expect(first.records).toHaveLength(3));
      await first.consumer.commit(offsetsAfter(first.records.slice(0, 1)));
      await first.consumer.close();
      const second = await kit.member(made, groupId);
      await eventually(() => expect(values(second.records)).toEqual(['1', '2']));
      await second.consumer.close();

      const late = await kit.member(made, kit.name('group'), { startAt: 'end' });
      await eventually(() => expect(late.assigned.size).toBe(1));
      await eventually(async () => {
        await kit.port.produce(numbered(made, 1, null, 9), 'all');
        expect(late.records.length).toBeGreaterThan(0);
      });
      expect(new Set(values(late.records))).toEqual(new Set(['9']));
      await late.consumer.close();
    });

    it('starts each Kafka partition where startFrom says, and not where the group was', async () => {
      const made = await kit.topic(2);
      const groupId = kit.name('group');
      const on = (partition: number) => ['a', 'b', 'c'].map((value) => ({ topic: made, key: null, value, partition }));
      await kit.port.produce([...on(0), ...on(1)], 'all');
      let failures = 1;
      const first = await kit.member(made, groupId, {
        startFrom: async (partitions) => {
          if (failures-- > 0) throw new Error('not yet');
          return partitions.map(({ topic, partition }) => ({ topic, partition, offset: partition + 1 }));
        },
      });
      const read = ({ records }: typeof first) =>
        [0, 1].map((p) => values(records.filter(({ partition }) => partition === p)).join(''));
      await eventually(() => expect(read(first)).toEqual(['bc', 'c']));
      await first.consumer.commit([0, 1].map((partition) => ({ topic: made, partition, offset: 3 })));
      await first.consumer.close();
      const second = await kit.member(made, groupId, {
        startFrom: async (partitions) => partitions.map(({ topic, partition }) => ({ topic, partition, offset: 0 })),
      });
      await eventually(() => expect(read(second)).toEqual(['abc', 'abc']));
      await second.consumer.close();
      expect(await kit.port.admin.listGroups()).toContain(groupId);
    });

    it('pauses one Kafka partition and resumes it without loss', async () => {
      const made = await kit.topic(2);
      const { consumer, records, assigned } = await kit.member(made, kit.name('group'), { maxWaitMs: LONG_WAIT_MS });
      await eventually(() => expect(assigned.size).toBe(2));
      const paused = { topic: made, partition: 0 };
      consumer.pause(paused);
      const both = (value: string) => [0, 1].map((partition) => ({ topic: made, key: null, value, partition }));
      await kit.port.produce(both('a'), 'all');
      await eventually(() => expect(records.map((record) => record.partition)).toEqual([1]));
      consumer.resume(paused);
      await eventually(() => expect(records.map((record) => record.partition)).toEqual([1, 0]), { timeoutMs: SOON_MS });
      await consumer.close();
    });

    it('shares the Kafka partitions with a second member, and takes them back when it leaves', async () => {
      const made = await kit.topic();
      const groupId = kit.name('group');
      const first = await kit.member(made, groupId);
      await eventually(() => expect(first.assigned.size).toBe(PARTITIONS));
      const second = await kit.member(made, groupId, {}, await kit.open());
      await eventually(() => {
        expect(first.assigned.size).toBe(PARTITIONS / 2);
        expect(second.assigned.size).toBe(PARTITIONS / 2);
      });
      if (kit.abilities.cooperative) {
        expect(first.revocations.flat()).toHaveLength(PARTITIONS / 2);
        expect(second.revocations).toEqual([]);
      }
      await kit.port.produce(numbered(made, 64), 'all');
      await eventually(() => expect(first.records.length + second.records.length).toBe(64));
      expect(second.records.length).toBeGreaterThan(0);
      await first.consumer.commit(
        (await kit.port.admin.endOffsets(made)).map((offset, partition) => ({ topic: made, partition, offset })),
      );
      await second.consumer.commit(
        (await kit.port.admin.endOffsets(made)).map((offset, partition) => ({ topic: made, partition, offset })),
      );

      await second.consumer.close();
      await eventually(() => expect(first.assigned.size).toBe(PARTITIONS));
      await kit.port.produce(numbered(made, 64, null, 64), 'all');
      await eventually(() => expect(new Set([...values(first.records), ...values(second.records)]).size).toBe(128));
      await first.consumer.close();
    });

    it('gives each of two members its share of every topic', async () => {
      const made = [await kit.topic(), await kit.topic()];
      const groupId = kit.name('group');
      const both = [
        await kit.member(made[0] ?? '', groupId, { topics: made }),
        await kit.member(made[0] ?? '', groupId, { topics: made }, await kit.open()),
      ];
      const shares = () =>
        both.flatMap(({ assigned }) =>
          made.map((one) => [...assigned.values()].filter((part) => part.topic === one).length),
        );
      await eventually(() => expect(shares()).toEqual(Array(4).fill(PARTITIONS / 2)));
      await Promise.all(both.map(({ consumer }) => consumer.close()));
    });

    it('comes back after it was suspended for longer than its session', async () => {
      const made = await kit.topic(1);
      const { sessionTimeoutMs } = kit.abilities;
      const port = await kit.open({ sessionTimeoutMs });
      const { consumer, records, revocations } = await kit.member(made, kit.name('group'), {}, port);
      await kit.port.produce(numbered(made, 1), 'all');
      await eventually(() => expect(values(records)).toEqual(['0']));
      await consumer.commit(offsetsAfter(records));
      // So much longer that a broker that is held up has noticed, too.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, sessionTimeoutMs + 2_500);
      await eventually(() => expect(revocations.flat()).toHaveLength(1));
      await kit.port.produce(numbered(made, 1, null, 1), 'all');
      await eventually(() => expect(values(records)).toEqual(['0', '1']));
      await eventually(() => expect(consumer.isJoined()).toBe(true));
      await eventually(() => consumer.commit(offsetsAfter(records)));
      await consumer.close();
    });

    if (kit.abilities.cooperative)
      it('takes a dead client out of a group, and lets one back in that lives after all', async () => {
        const made = await kit.topic();
        const groupId = kit.name('group');
        const first = await kit.member(made, groupId);
        const second = await kit.member(made, groupId, {}, await kit.open({ clientId: 'suite-victim' }));
        await eventually(() => expect(second.assigned.size).toBe(PARTITIONS / 2));
        expect(await kit.port.admin.evict(groupId, 'nobody')).toBe(0);
        expect(await kit.port.admin.evict(kit.name('group'), 'suite-victim')).toBe(0);
        expect(await kit.port.admin.evict(groupId, 'suite-victim')).toBe(1);
        await eventually(() => expect(second.revocations.flat()).toHaveLength(PARTITIONS / 2));
        await eventually(() => expect(first.assigned.size + second.assigned.size).toBe(PARTITIONS));
        await eventually(() => expect(second.assigned.size).toBe(PARTITIONS / 2));
        await Promise.all([first.consumer.close(), second.consumer.close()]);
      });

    if (kit.abilities.cooperative)
      it('commits as a member only: refused while it is none, and taken once it is again', async () => {
        const made = await kit.topic(1);
        const groupId = kit.name('group');
        const clientId = 'suite-committer';
        const port = await kit.open({ clientId });
        await kit.port.produce(numbered(made, 1), 'all');
        const { consumer, records, revocations } = await kit.member(made, groupId, {}, port);
        await eventually(() => expect(records).toHaveLength(1));
        await eventually(() => consumer.commit(offsetsAfter(records)));
        expect(await kit.port.admin.evict(groupId, clientId)).toBe(1);
        const commit = () => consumer.commit(offsetsAfter(records)).catch(({ code }: KafkaError) => code);
        const outcomes = new Set<string | void>();
        await eventually(async () => {
          for (const outcome of await Promise.all([commit(), commit(), commit()])) outcomes.add(outcome);
          expect(revocations.flat()).toHaveLength(1);
        });
        // A broker closes the connection of who commits with a void id: that would be UNREACHABLE.
        outcomes.delete(undefined);
        expect([...outcomes]).toEqual(['RETRIABLE']);
        await eventually(() => expect(consumer.assignment()).toHaveLength(1));
        await eventually(() => consumer.commit([{ topic: made, partition: 0, offset: 1 }]));
        await consumer.close();
        expect(await commit()).toBe('CLOSED');
        expect(await kit.port.admin.committedOffsets(groupId, made)).toEqual([1]);
      });

    if (kit.abilities.cooperative)
      it('reads a topic that was made anew under its name from its beginning, whatever was committed of the former', async () => {
        const made = await kit.topic(1);
        const groupId = kit.name('group');
        await kit.port.produce(numbered(made, 3), 'all');
        const first = await kit.member(made, groupId);
        await eventually(() => expect(first.records).toHaveLength(3));
        const { records: followed, follower } = await kit.reader(made, { partitions: 1 });
        await eventually(() => expect(followed).toHaveLength(3));
        await kit.port.admin.deleteTopics([made]);
        await eventually(async () => expect(await kit.port.admin.listTopics()).not.toContain(made));
        await kit.port.admin.createTopics([{ topic: made, partitions: 1, replicationFactor: 1 }]);
        // It comes late: Kafka has forgotten what was committed before.
        await first.consumer.commit([{ topic: made, partition: 0, offset: 3 }]).catch(() => undefined);
        await first.consumer.close();
        // Longer than the former: its offsets are not out of range.
        await eventually(() => kit.port.produce(numbered(made, 6, null, 100), 'all'));
        const second = await kit.member(made, groupId, {}, await kit.open());
        const all = ['100', '101', '102', '103', '104', '105'];
        await eventually(() => expect(values(second.records)).toEqual(expect.arrayContaining(all)));
        await eventually(() => expect(values(followed)).toEqual(expect.arrayContaining(all)));
        await Promise.all([second.consumer.close(), follower.close()]);
      });

    if (kit.abilities.cooperative)
      it('lets a commit go out while Kafka partitions are revoked', async () => {
        const made = await kit.topic(2);
        const groupId = kit.name('group');
        await kit.port.produce(numbered(made, 32), 'all');
        const commits: Promise<void>[] = [];
        const first = await kit.member(made, groupId, {
          onRevoked: (partitions) => {
            const done = first.records.filter((r) => partitions.some((p) => p.partition === r.partition));
            commits.push(first.consumer.commit(offsetsAfter(done.slice(-1))));
          },
        });
        await eventually(() => expect(first.records).toHaveLength(32));
        const second = await kit.member(made, groupId, {}, await kit.open());
        await eventually(() => expect(second.assigned.size).toBe(1));
        await Promise.all(commits);
        const [taken] = [...second.assigned.values()];
        await kit.port.produce([{ topic: made, key: null, value: 'new', partition: taken?.partition ?? 0 }], 'all');
        await eventually(() => expect(values(second.records)).toEqual(['new']));
        await Promise.all([first.consumer.close(), second.consumer.close()]);
      });

    it('tries to join until the broker is there, and ends at once when it is closed before', async () => {
      const unreachable = await kit.open({ brokers: '127.0.0.1:9' });
      const faults: string[] = [];
      const joining = unreachable.consumeGroup({
        groupId: 'any',
        topics: ['any'],
        isolation: 'uncommitted',
        startAt: 'end',
        onRecords: () => undefined,
        onFault: ({ code }) => faults.push(code),
      });
      const outcome = joining.catch((error: unknown) => error);
      await eventually(() => expect(faults).toContain('UNREACHABLE'));
      const start = performance.now();
      await unreachable.close();
      expect(performance.now() - start).toBeLessThan(10_000);
      expect(await outcome).toMatchObject({ code: 'CLOSED' });
    });

    it('stops delivering but can still commit', async () => {
      const made = await kit.topic(1);
      const groupId = kit.name('group');
      await kit.port.produce(numbered(made, 1), 'all');
      const { consumer, records } = await kit.member(made, groupId);
      await eventually(() => expect(records).toHaveLength(1));
      await consumer.stop();
      await kit.port.produce(numbered(made, 1, null, 1), 'all');
      await consumer.commit([{ topic: made, partition: 0, offset: 1 }]);
      expect(await kit.port.admin.committedOffsets(groupId, made)).toEqual([1]);
      expect(records).toHaveLength(1);
      await consumer.close();
    });
  });
}
