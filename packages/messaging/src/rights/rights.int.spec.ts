import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { KafkaError, openKafka, type KafkaClientName, type KafkaPort } from '@stoa/kafka';
import { eventually, dedicatedKafka, type DedicatedKafka } from '@stoa/testing';
import { Kit, sayRequest } from '../../test/transport/kit.suite.js';
import { withdrawContract } from '../contracts/publish-contract.js';
import { watchContracts } from '../contracts/watch-contracts.js';
import { callerKeysTopic, topicNames } from '../protocol/topics.js';
import { aclsOf } from './acls.js';
import { applyRights } from './apply.js';

const passwords = { admin: newPassword(), echo: newPassword(), cart: newPassword(), gateway: newPassword() };
type User = keyof typeof passwords;
let kafka: DedicatedKafka;

beforeAll(async () => {
  kafka = await dedicatedKafka({ adminPassword: passwords.admin });
});
afterAll(() => kafka.end());

describe.each<KafkaClientName>(['platformatic', 'kafkajs'])('rights at a broker, by %s', (client) => {
  const ports: KafkaPort[] = [];
  let kit: Kit;

  beforeAll(async () => {
    const { admin, ...users } = passwords;
    kit = new Kit(kafka.brokers, client);
    const rights = { brokers: [kafka.brokers], admin: { username: 'admin', password: admin }, users };
    // The second time nothing is new, and a right that is no longer named is gone.
    await applyRights({
      ...rights,
      acls: [...aclsOf(['echo', 'cart'], kit.prefix), ...aclsOf(['former'], kit.prefix)],
    });
    await applyRights({
      ...rights,
      acls: aclsOf(['echo', 'cart'], kit.prefix, [{ from: 'echo', to: 'cart' }], new Map([['cart', []]])),
    });
    // No client asks who may write a topic that is not there.
    const echo = topicNames(kit.prefix, 'echo');
    const { commands, queries } = topicNames(kit.prefix, 'cart');
    const keys = callerKeysTopic(kit.prefix, 'echo');
    const topics = [commands, queries, keys, echo.statesOf('sizes'), echo.replies('1')];
    const { admin: operator } = await as('admin');
    await operator.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicationFactor: 1, config: {} })));
  });
  afterAll(async () => {
    await Promise.all(ports.map((port) => port.close()));
  });

  const as = async (username: User | undefined): Promise<KafkaPort> => {
    const mechanism = username === 'admin' ? ('plain' as const) : ('scram-sha-512' as const);
    const access = username && { sasl: { mechanism, username, password: passwords[username] } };
    const options = { brokers: [kafka.brokers], client, clientId: `${username}-1`, logger: kit.logger };
    const port = await openKafka({ ...options, ...(access && { access }) });
    ports.push(port);
    return port;
  };

  it('suffice for a service and a gateway, who may do all that they need', async () => {
    const messaging = { provesCallers: true };
    const gateway = await as('gateway');
    const server = await kit.server({ messaging, port: await as('echo') });
    const asker = await kit.client({ messaging, port: gateway });
    expect((await asker.request(sayRequest('hello'))).ok).toBe(true);
    const published = new Promise<string>((resolve, reject) => {
      const listener = { published: resolveName(resolve), withdrawn: reject, unreadable: reject };
      void watchContracts(gateway, kit.options('gateway', 'gateway-1'), listener).catch(reject);
    });
    expect(await published).toBe('echo');
    await asker.close();
    await server.close();
    expect(kit.logged.filter(({ fields }) => /authoriz/i.test(inspect(fields, { depth: 10 })))).toEqual([]);
  });

  it.each<
    [User, string, (port: KafkaPort, name: (service: string) => ReturnType<typeof topicNames>) => Promise<unknown>]
  >([
    ['cart', 'write requests to echo', (port, name) => write(port, name('echo').commands)],
    ['cart', 'write its own requests', (port, name) => write(port, name('cart').queries)],
    ['cart', "write echo's events", (port, name) => write(port, name('echo').events)],
    ['cart', "write one of echo's states", (port, name) => write(port, name('echo').statesOf('sizes'))],
    ['cart', "write echo's keys", (port) => write(port, callerKeysTopic(kit.prefix, 'echo'))],
    ['gateway', "write echo's keys", (port) => write(port, callerKeysTopic(kit.prefix, 'echo'))],
    ['gateway', "write echo's replies", (port, name) => write(port, name('echo').replies('1'))],
    ['echo', 'write queries to cart', (port, name) => write(port, name('cart').queries)],
    ['cart', "write echo's contract", (port, name) => write(port, name('echo').contract)],
    ['gateway', "write echo's contract", (port, name) => write(port, name('echo').contract)],
    [
      'cart',
      "withdraw echo's contract",
      (port) => withdrawContract(port, { topicPrefix: kit.prefix, logger: kit.logger }, 'echo'),
    ],
    ['cart', 'write the topic that contracts shared', (port) => write(port, `${kit.prefix}stoa.contracts`)],
    ['cart', "write gateways' keys", (port) => write(port, `${kit.prefix}gateway.keys`)],
    [
      'cart',
      "read echo's events, which it does not follow",
      (port, name) => port.admin.endOffsets(name('echo').events),
    ],
    ['cart', "read one of echo's states", (port, name) => port.admin.endOffsets(name('echo').statesOf('sizes'))],
    ['cart', 'read requests to echo', (port, name) => port.admin.endOffsets(name('echo').commands)],
    ['cart', "take over echo's outbox", (port) => port.transactional(`${kit.prefix}relay.echo`)],
  ])('keep %s from trying to %s', async (user, _what, attempt) => {
    const port = await as(user);
    const refused: unknown = await attempt(port, (service) => topicNames(kit.prefix, service)).catch((error) => error);
    expect(inspect(refused, { depth: 10 })).toMatch(/authoriz|Failed to find group coordinator/i);
  });

  it('let echo send commands to cart, prove that it does, and get replies of cart', async () => {
    const [echo, cart] = await Promise.all([as('echo'), as('cart')]);
    await write(echo, topicNames(kit.prefix, 'cart').commands);
    await write(echo, callerKeysTopic(kit.prefix, 'echo'));
    await write(cart, topicNames(kit.prefix, 'echo').replies('1'));
    expect(await echo.admin.endOffsets(topicNames(kit.prefix, 'echo').replies('1'))).toEqual([1]);
    expect(await cart.admin.endOffsets(callerKeysTopic(kit.prefix, 'echo'))).toEqual([1]);
  });

  it('let echo, which does not say whom it follows, and gateways read what cart publishes', async () => {
    const { admin } = await as('admin');
    const topic = topicNames(kit.prefix, 'cart').events;
    await admin.createTopics([{ topic, partitions: 1, replicationFactor: 1, config: {} }]);
    for (const user of ['echo', 'gateway'] as const)
      expect(await (await as(user)).admin.endOffsets(topic)).toHaveLength(1);
  });

  it('let cart publish what is its own, in a transaction', async () => {
    const port = await as('cart');
    const { events, states, statesOf, contract } = topicNames(kit.prefix, 'cart');
    const config = {};
    const topics = [events, states, statesOf('sizes'), contract];
    await port.admin.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicationFactor: 1, config })));
    const producer = await port.transactional(`${kit.prefix}relay.cart@shard1`);
    const transaction = await producer.begin();
    await transaction.send(topics.map((topic) => ({ topic, key: 'cart', value: '{}' })));
    await transaction.commit();
    // The broker ends a transaction in each Kafka partition a moment later.
    await eventually(async () => expect(await port.admin.endOffsets(contract)).not.toEqual([0]));
  });

  it('let nobody in who does not say who they are', async () => {
    await expect((await as(undefined)).admin.listTopics()).rejects.toBeInstanceOf(KafkaError);
  });
});

function newPassword(): string {
  return randomBytes(18).toString('base64url');
}

const write = (port: KafkaPort, topic: string): Promise<void> =>
  port.produce([{ topic, key: 'k', value: '{}', partition: 0 }], 'all');

const resolveName =
  (resolve: (name: string) => void) =>
  ({ service }: { readonly service: string }): void =>
    resolve(service);
