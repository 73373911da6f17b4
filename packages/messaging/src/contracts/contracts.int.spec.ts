import { query, service, state, toDocument, type ServiceContract } from '@stoa/contract-kit';
import { Admin, ConfigResourceTypes } from '@stoa/kafka/client';
import { eventually } from '@stoa/testing';
import { z } from 'zod';
import type { KafkaPort } from '@stoa/kafka';
import { contractsTopic, topicNames } from '../protocol/topics.js';
import { Kit } from '../../test/transport/kit.suite.js';
import { ensureFollowed, ensureTopics } from './ensure-topics.js';
import { SealingKeys } from '../sealing/sealed-fields.js';
import { publishContract, withdrawContract } from './publish-contract.js';
import { readTopic } from './read-topic.js';
import { tailEvents, type TailedEvent } from './tail-events.js';
import { watchContracts, type ContractListener } from './watch-contracts.js';

const shop = (name: string, version: number, title = 'Shop'): ServiceContract =>
  service(
    name,
    { version, title, description: 'For tests' },
    {
      price: query({
        summary: 'A price',
        caller: 'anyone',
        input: z.object({}),
        output: z.object({ amount: z.int() }),
      }),
    },
  );

function listening() {
  const [seen, withdrawn, unreadable]: [[string, number][], string[], [string, string][]] = [[], [], []];
  const keys: unknown[] = [];
  const listener: ContractListener = {
    published: ({ service: of, version }, sealTo) => {
      seen.push([of, version]);
      keys.push(sealTo);
    },
    withdrawn: (name) => void withdrawn.push(name),
    unreadable: (name, why) => void unreadable.push([name, why]),
  };
  return { listener, seen, keys, withdrawn, unreadable };
}

describe('contracts on Kafka', () => {
  const kit = new Kit();
  const options = kit.options('shop', 'shop-1');
  let port: KafkaPort;

  beforeAll(async () => {
    port = await kit.port();
  });
  afterAll(() => kit.end());

  it('makes the service’s topics, by several clones at once, and leaves those that are there', async () => {
    await Promise.all([ensureTopics(port, options), ensureTopics(port, options), ensureTopics(port, options)]);
    await ensureTopics(port, { ...options, partitions: 9 });
    const names = topicNames(kit.prefix, 'shop');
    const counts = Object.fromEntries(
      await Promise.all(
        (['commands', 'queries', 'events', 'states', 'deadLetters'] as const).map(async (kind) => [
          kind,
          await port.admin.partitionCount(names[kind]),
        ]),
      ),
    );
    expect(counts).toEqual({ commands: 4, queries: 4, events: 4, states: 4, deadLetters: 1 });
  });

  it('gives topics that are there the settings of today: closed segments, so that what is too old goes', async () => {
    const { commands, queries, events } = topicNames(kit.prefix, 'former');
    const config = { 'retention.ms': '99999', 'compression.type': 'gzip' };
    const made = [commands, events].map((topic) => ({ topic, partitions: 2, replicationFactor: 1, config }));
    await port.admin.createTopics(made);
    await ensureTopics(port, { ...options, service: 'former' });
    const admin = new Admin({ clientId: 'looking', bootstrapBrokers: [...options.brokers] });
    const settingsOf = async (topic: string): Promise<Record<string, unknown>> => {
      const resources = [
        {
          resourceType: ConfigResourceTypes.TOPIC,
          resourceName: topic,
          configurationKeys: null as unknown as string[],
        },
      ];
      const [found] = await admin.describeConfigs({ resources });
      return Object.fromEntries(found?.configs.map(({ name, value }) => [name, value]) ?? []);
    };
    const tenMinutes = { 'retention.ms': '3600000', 'segment.ms': '600000', 'segment.bytes': '134217728' };
    await eventually(async () => expect(await settingsOf(commands)).toMatchObject(tenMinutes));
    expect(await settingsOf(queries)).toMatchObject(tenMinutes);
    // Together less than the 192 hours that the versions of events are kept for.
    const week = { 'retention.ms': '604800000', 'segment.ms': '43200000', 'compression.type': 'gzip' };
    await eventually(async () => expect(await settingsOf(events)).toMatchObject(week));
    await admin.close();
  });

  it('makes no topic of states for a service without any', async () => {
    await ensureTopics(port, { ...options, service: 'stateless' }, shop('stateless', 1));
    const { events, states } = topicNames(kit.prefix, 'stateless');
    const topics = await port.admin.listTopics();
    expect([topics.includes(events), topics.includes(states)]).toEqual([true, false]);
  });

  it('makes a topic for each state', async () => {
    const data = z.object({ id: z.string() });
    const contract = service(
      'stateful',
      { version: 1, title: 'Stateful', description: 'For tests' },
      {
        thing: state({ summary: 'It', key: 'id', data }),
        part: state({ summary: 'A part', key: 'id', topic: 'parts', data }),
      },
    );
    await ensureTopics(port, { ...options, service: 'stateful' }, contract);
    await ensureFollowed(port, { ...options, service: 'follower' }, [{ ...contract.part, service: 'other' }]);
    const { states, statesOf } = topicNames(kit.prefix, 'stateful');
    const topics = await port.admin.listTopics();
    const made = [states, statesOf('parts'), topicNames(kit.prefix, 'other').statesOf('parts')];
    expect(made.filter((topic) => topics.includes(topic))).toEqual(made);
    expect(topics).not.toContain(topicNames(kit.prefix, 'other').states);
  });

  it('publishes a contract once, a newer one over it, and never an older one over a newer', async () => {
    expect(await publishContract(port, options, shop('shop', 1))).toBe('published');
    expect(await publishContract(port, options, shop('shop', 1))).toBe('same');
    expect(await publishContract(port, options, shop('shop', 1, 'Shop, renamed'))).toBe('published');
    expect(await publishContract(port, options, shop('shop', 3))).toBe('published');
    expect(await publishContract(port, options, shop('shop', 2))).toBe('older');
    await ensureTopics(port, { ...options, service: 'other' });
    expect(await publishContract(port, options, shop('other', 1))).toBe('published');
    const keysOf = async (topic: string) =>
      (await readTopic(port, topic, 30_000)).map((record) => record.key?.toString());
    expect(await keysOf(topicNames(kit.prefix, 'shop').contract)).toEqual(['shop', 'shop', 'shop']);
    // For gateways of the version before.
    expect(await keysOf(contractsTopic(kit.prefix))).toEqual(['shop', 'shop', 'shop', 'other']);
  });

  it('hands over the last contract of each service, then each new one; says what it cannot follow', async () => {
    const { listener, seen, keys, withdrawn, unreadable } = listening();
    const watch = await watchContracts(port, options, listener);
    await eventually(() => expect(watch.isCaughtUp()).toBe(true));
    expect(seen.toSorted()).toEqual([
      ['other', 1],
      ['shop', 3],
    ]);
    const shared = contractsTopic(kit.prefix);
    const own = topicNames(kit.prefix, 'other').contract;
    await port.produce(
      [
        { topic: shared, key: 'elder', value: JSON.stringify(toDocument(shop('elder', 2))) },
        { topic: shared, key: 'elder', value: null },
        // Who has a topic of their own is heard on no other.
        { topic: shared, key: 'shop', value: null },
        { topic: shared, key: 'shop', value: JSON.stringify(toDocument(shop('shop', 9))) },
        { topic: own, key: 'other', value: null },
        { topic: own, key: 'other', value: '{' },
        { topic: own, key: 'shop', value: JSON.stringify(toDocument(shop('shop', 9))) },
        { topic: own, key: 'other', value: '{"format":2,"service":"other"}' },
      ],
      'all',
    );
    await publishContract(port, options, shop('shop', 4));
    await withdrawContract(port, options, 'other');
    await eventually(() => expect([...seen, withdrawn]).toEqual(expect.arrayContaining([['shop', 4], ['other']])));
    await eventually(() =>
      expect(unreadable.map(([name]) => name).toSorted()).toEqual([...Array(4).fill('other'), 'elder'].toSorted()),
    );
    expect(seen.slice(2).toSorted()).toEqual([
      ['elder', 2],
      ['shop', 4],
    ]);
    const { publicKey } = new SealingKeys(['a secret of the service, which all clones have']);
    expect(await publishContract(port, options, shop('other', 1), publicKey)).toBe('published');
    expect(await publishContract(port, options, shop('other', 1), publicKey)).toBe('same');
    await eventually(() => expect([seen.at(-1), keys.at(-1)]).toEqual([['other', 1], publicKey]));
    await watch.close();
  });

  it('may watch before anything was published', async () => {
    const early = kit.options('gateway', 'gateway-1', { topicPrefix: `${kit.prefix}early-` });
    const { listener, seen } = listening();
    const watch = await watchContracts(port, early, listener);
    expect(watch.isCaughtUp()).toBe(true);
    await ensureTopics(port, { ...early, service: 'first' });
    await publishContract(port, early, shop('first', 1));
    await eventually(() => expect(seen).toEqual([['first', 1]]));
    await watch.close();
  });

  it('tails events from now on, of topics that appear later too', async () => {
    const [now, later] = [topicNames(kit.prefix, 'shop').events, topicNames(kit.prefix, 'later').events];
    const event = (topic: string, n: number) => ({
      topic,
      key: 'k',
      value: JSON.stringify({ n }),
      headers: { id: `id-${n}`, type: 'counted', version: String(n), v: '1' },
    });
    await port.produce([event(now, 1)], 'all');
    const seen: TailedEvent[] = [];
    const tail = await tailEvents(port, [now, later], (one) => seen.push(one), kit.logger);
    await port.produce([event(now, 2)], 'all');
    await eventually(() =>
      expect(seen).toEqual([{ topic: now, key: 'k', type: 'counted', eventId: 'id-2', version: 2, data: { n: 2 } }]),
    );
    await port.produce([{ topic: now, key: 'k', value: 'not JSON' }], 'all');
    await ensureTopics(port, { ...options, service: 'later' });
    await eventually(async () => {
      await port.produce([event(later, 3)], 'all');
      expect(seen.some((one) => one.topic === later)).toBe(true);
    });
    await tail.close();
  });
});
