import { eventually } from '@stoa/testing';
import { add, addRequest, boundAdd, counter, COUNTER_TABLES } from '../../test/support/counter.js';
import { testKafka, type TestKafka } from '../../test/support/kafka.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import type { BoundSubscription, EventHandler, StateHandler } from '../api/subscriptions.js';
import type { KafkaPort } from '@stoa/kafka';
import { onEvent, onState } from '../nest/subscriptions.js';
import { BackgroundWork } from '../background/background-work.js';

class NoteCounted implements EventHandler<typeof counter.counted> {
  readonly on: EventHandler<typeof counter.counted>['on'] = async ({ name, count }, { tx, version }) => {
    if (count === 13) throw new Error('unlucky');
    await tx.query('INSERT INTO seen (name, count, version) VALUES ($1, $2, $3)', [name, count, version]);
  };
}

class CopyCurrent implements StateHandler<typeof counter.current> {
  readonly apply: StateHandler<typeof counter.current>['apply'] = async (tx, states) => {
    for (const { key, version, data } of states) {
      await tx.query(
        `INSERT INTO copy (name, count, version) VALUES ($1, $2, $3) ON CONFLICT (name)
         DO UPDATE SET count = excluded.count, version = excluded.version WHERE copy.version < excluded.version`,
        [key, data?.count ?? 0, version],
      );
    }
  };
}

/** Two services as two runtimes: one publishes by its commands, the other listens, with two databases. */
describe('a service that listens to another', () => {
  let kafka: TestKafka;
  let publisherDb: TestMessagingDatabase;
  let listenerDb: TestMessagingDatabase;
  let publisher: BackgroundWork;
  const listeners: BackgroundWork[] = [];

  const subscriptions: BoundSubscription[] = [
    { subscription: onEvent(counter.counted, NoteCounted), handler: new NoteCounted() },
    { subscription: onState(counter.current, CopyCurrent), handler: new CopyCurrent() },
  ];

  beforeAll(async () => {
    kafka = await testKafka('counter', ['listener']);
    publisherDb = await messagingDatabase({ tables: COUNTER_TABLES, name: 'counter' });
    const bucketOf = (key: string): number => key.length;
    listenerDb = await messagingDatabase({ tables: COUNTER_TABLES, servers: 2, name: 'listener', bucketOf });
    const { port, options } = kafka;
    publisher = new BackgroundWork({
      port,
      options,
      database: publisherDb.database,
      contract: counter,
      subscriptions: [],
    });
    await publisher.start();
  });
  afterEach(() => Promise.all(listeners.splice(0).map((listener) => listener.stop())));
  afterAll(async () => {
    await publisher.stop();
    await kafka.close();
    await Promise.all([publisherDb.drop(), listenerDb.drop()]);
  });

  async function startListener(port: KafkaPort = kafka.port): Promise<BackgroundWork> {
    const options = kafka.optionsOf('listener');
    const { database } = listenerDb;
    const listener = new BackgroundWork({ port, options, database, contract: counter, subscriptions });
    listeners.push(listener);
    await listener.start();
    return listener;
  }

  const publishState = boundAdd(async ({ name, by }, { publish }) => {
    await publish(counter.current, by, { name, count: by });
    return { name, count: by };
  });
  const rowsOf = async <Row>(server: number, sql: string) => listenerDb.database.server(server).rows<Row>(sql);

  it('is ready once its copies of states are, on each of its databases, and whoever leads', async () => {
    for (const name of ['a', 'b', 'c']) await publisher.executor.execute(publishState, addRequest(name, 2));
    await eventually(async () => expect(await publisherDb.database.server(0).rows('SELECT FROM outbox')).toEqual([]));
    const first = await startListener();
    expect(first.isReady()).toBe(false);
    await eventually(() => expect(first.isReady()).toBe(true));
    const copy = [
      { name: 'a', count: 2 },
      { name: 'b', count: 2 },
      { name: 'c', count: 2 },
    ];
    for (const server of [0, 1]) {
      expect(await rowsOf(server, 'SELECT name, count FROM copy ORDER BY name')).toEqual(copy);
    }
    const second = await startListener(await kafka.open());
    await eventually(() => expect(second.isReady()).toBe(true));
  });

  it('handles each event in the database of its key, and an operator replays what failed', async () => {
    const listener = await startListener();
    await publisher.executor.execute(add, addRequest('odd', 12));
    await publisher.executor.execute(add, addRequest('odd', 1));
    await publisher.executor.execute(add, addRequest('odd', 1));
    await publisher.executor.execute(add, addRequest('even', 5));
    await eventually(async () =>
      expect(await rowsOf(0, 'SELECT name, count FROM seen')).toEqual([{ name: 'even', count: 5 }]),
    );
    await eventually(async () => expect((await listener.deadLetters.list(10)).items).toHaveLength(2));
    expect(await rowsOf(1, 'SELECT name, count FROM seen')).toEqual([{ name: 'odd', count: 12 }]);
    const { items } = await listener.deadLetters.list(1);
    expect(items).toMatchObject([{ bucket: 3, topic: 'counter.events', key: 'odd', version: 2, reason: 'unlucky' }]);
    expect(await listener.deadLetters.drop(items[0]!)).toBe(true);
    expect(await listener.deadLetters.replay('counter.events', 'odd')).toEqual({ replayed: 1, failed: undefined });
    expect(await rowsOf(1, 'SELECT name, count FROM seen ORDER BY n')).toEqual([
      { name: 'odd', count: 12 },
      { name: 'odd', count: 14 },
    ]);
    expect(await listener.deadLetters.list(10)).toEqual({ items: [], next: null });
  });
});
