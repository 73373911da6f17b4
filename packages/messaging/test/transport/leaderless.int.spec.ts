import { eventually, dedicatedBrokers, type DedicatedBrokers, thinkTime } from '@stoa/testing';
import { addRequest, bodyOf, Kit, sayRequest } from './kit.suite.js';
import { partitionHash } from '@stoa/kafka';
import type { KafkaError, KafkaPort, KafkaRecord, OutgoingRecord, TopicPartition } from '@stoa/kafka';

const PARTITIONS = 6;
const SLOW = { timeoutMs: 60_000 };
/** The broker that is killed. */
const VICTIM = 3;

const values = (records: readonly KafkaRecord[]): string[] =>
  records.map(({ value }) => value?.toString() ?? '').toSorted();

describe('Kafka partitions whose only broker is gone', () => {
  let kafka: DedicatedBrokers;
  let kit: Kit;
  let port: KafkaPort;
  const over = new AbortController();

  beforeAll(async () => {
    kafka = await dedicatedBrokers();
    kit = new Kit(kafka.brokers);
    port = await kit.port();
  });
  afterAll(async () => {
    over.abort();
    await kit?.end().finally(() => kafka.end());
  });

  /** Each Kafka partition on one broker, two on each. */
  const unreplicated = async (topic: string): Promise<string> => {
    const name = `${kit.prefix}${topic}`;
    const config = { 'message.timestamp.type': 'LogAppendTime' };
    await port.admin.createTopics([{ topic: name, partitions: PARTITIONS, replicationFactor: 1, config }]);
    return name;
  };
  const leaderlessOf = async (topic: string): Promise<number[]> =>
    (await port.admin.endOffsets(topic)).flatMap((end, partition) => (end < 0 ? [partition] : []));
  const killVictim = async (topic: string): Promise<{ lost: number[]; led: number[] }> => {
    await kafka.kill(VICTIM);
    const lost = await eventually(async () => {
      const found = await leaderlessOf(topic);
      expect(found.length).toBeGreaterThan(0);
      return found;
    }, SLOW);
    const led = Array.from({ length: PARTITIONS }, (_, n) => n).filter((n) => !lost.includes(n));
    expect(led.length).toBeGreaterThan(0);
    return { lost, led };
  };
  const bringBack = async (topic: string): Promise<void> => {
    await kafka.start(VICTIM);
    await eventually(async () => expect(await leaderlessOf(topic)).toEqual([]), SLOW);
  };
  const toAll = (topic: string, name: string): OutgoingRecord[] =>
    Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic,
      key: null,
      value: `${name}${partition}`,
      partition,
    }));
  const named = (name: string, partitions: readonly number[]): string[] => partitions.map((n) => `${name}${n}`);

  const follow = async (on: KafkaPort, topic: string): Promise<KafkaRecord[]> => {
    const records: KafkaRecord[] = [];
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic,
      partition,
      from: 'beginning' as const,
    }));
    await on.follow({ partitions, isolation: 'committed', onRecords: (some) => records.push(...some) });
    return records;
  };
  const join = async (on: KafkaPort, topic: string, groupId: string) => {
    const records: KafkaRecord[] = [];
    const assigned: TopicPartition[] = [];
    const consumer = await on.consumeGroup({
      groupId,
      topics: [topic],
      isolation: 'uncommitted',
      startAt: 'beginning',
      onAssigned: (partitions) => assigned.push(...partitions),
      onRecords: (some) => records.push(...some),
    });
    return { records, consumer, assigned };
  };

  it('keep the others from nothing: read, written once, committed, taken up by who starts; and come back', async () => {
    const topic = await unreplicated('spread');
    const followed = await follow(port, topic);
    const member = await join(port, topic, `${kit.prefix}first`);
    await port.produce(toAll(topic, 'before-'), 'all');
    await eventually(() => expect([followed.length, member.records.length]).toEqual([PARTITIONS, PARTITIONS]), SLOW);

    const { lost, led } = await killVictim(topic);
    const batch = toAll(topic, 'amid-');
    const failure = (await port.produce(batch, 'all').catch((error: unknown) => error)) as KafkaError;
    expect(failure).toMatchObject({ code: 'RETRIABLE' });
    expect(failure.unwritten?.map(({ partition }) => partition).toSorted()).toEqual(lost);
    const all = [...named('before-', [...lost, ...led]), ...named('amid-', led)].toSorted();
    await eventually(() => expect(values(followed)).toEqual(all), SLOW);
    await eventually(() => expect(values(member.records)).toEqual(all), SLOW);

    await eventually(() => member.consumer.commit(led.map((partition) => ({ topic, partition, offset: 2 }))), SLOW);
    const committed = await port.admin.committedOffsets(`${kit.prefix}first`, topic);
    expect(led.map((partition) => committed[partition])).toEqual(led.map(() => 2));
    expect(await port.admin.partitionCount(topic)).toBe(PARTITIONS);

    const producer = await port.transactional(`${kit.prefix}relay`);
    const transaction = await producer.begin();
    await transaction.send(toAll(topic, 'whole-').filter(({ partition }) => led.includes(partition ?? -1)));
    await transaction.commit();
    await producer.close();

    const other = await kit.port();
    const late = await follow(other, topic);
    const newcomer = await join(other, topic, `${kit.prefix}second`);
    const reachable = ['before-', 'amid-', 'whole-'].flatMap((name) => named(name, led)).toSorted();
    await eventually(() => expect([values(late), values(newcomer.records)]).toEqual([reachable, reachable]), SLOW);

    await bringBack(topic);
    await eventually(() => port.produce(toAll(topic, 'after-'), 'all'), SLOW);
    const complete = [...all, ...named('whole-', led), ...named('after-', [...lost, ...led])].toSorted();
    for (const records of [followed, member.records, late, newcomer.records])
      await eventually(() => expect(new Set(values(records))).toEqual(new Set(complete)), SLOW);
    await Promise.all([member, newcomer].map(({ consumer }) => consumer.close()));
  }, 240_000);

  it('cost only their keys: the other keys are answered, and a clone starts', async () => {
    const commands = await unreplicated('echo.commands');
    await unreplicated('echo.queries');
    // Topics that all need have copies.
    const messaging = { replicationFactor: 3 };
    await kit.server({ messaging });
    const client = await kit.client({ messaging });
    const add = async (key: string): Promise<unknown> =>
      bodyOf(await client.request(addRequest(key, 1, { budgetMs: 10_000 })));
    const keys = Array.from({ length: 24 }, (_, n) => `key-${n}`);
    for (const key of keys) await eventually(() => add(key), SLOW);

    const { lost } = await killVictim(commands);
    const partitionOf = (key: string): number => partitionHash(Buffer.from(key)) % PARTITIONS;
    // Their requests fill every place that all keys share.
    const doomed = keys.filter((key) => lost.includes(partitionOf(key)));
    const pressing = doomed.map(async (key) => {
      for (; !over.signal.aborted; await thinkTime(20)) await add(key).catch(() => undefined);
    });
    const living = keys.filter((key) => !doomed.includes(key));
    for (const key of living) await eventually(async () => expect(await add(key)).toMatchObject({ name: key }), SLOW);
    await Promise.all([...living, ...living].map((key) => add(key)));
    // The first ones learn that a Kafka partition has no leader any more; the later ones pass it over.
    await eventually(async () => {
      for (let n = 0; n < 2 * PARTITIONS; n += 1)
        expect(bodyOf(await client.request(sayRequest(`${n}`, { budgetMs: 10_000 })))).toEqual({ text: `${n}` });
    }, SLOW);

    const second = await kit.server({ messaging, clone: 'echo-2' });
    await eventually(() => expect(second.isReady()).toBe(true), SLOW);
    for (const key of living) await eventually(async () => expect(await add(key)).toMatchObject({ name: key }), SLOW);
    over.abort();
    await Promise.all(pressing);
    await bringBack(commands);
    for (const key of doomed) await eventually(async () => expect(await add(key)).toMatchObject({ name: key }), SLOW);
  }, 240_000);
});
