import { eventually } from '@stoa/testing';
import type { Sql } from '@stoa/postgres';
import { counter, counterRecord, COUNTER_TABLES } from '../../test/support/counter.js';
import { testKafka, type TestKafka } from '../../test/support/kafka.js';
import { eventConsumer, noteSeen, type Counted } from '../../test/support/listener.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import type { OutgoingRecord } from '@stoa/kafka';
import type { EventContext, KeyState } from '../api/subscriptions.js';
import { caughtUp } from '../states/state-catch-up.js';
import { StateFollower } from '../states/state-follower.js';
import { SubscriptionTable, type StateSubscription } from '../subscriptions/subscription-table.js';

const SLOW = { timeoutMs: 60_000 };

/** A new topic under an old name counts its offsets from 0 again: after a cluster was rebuilt, say. */
describe('a topic that was made anew', () => {
  let kafka: TestKafka;
  let db: TestMessagingDatabase;
  const stops: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    kafka = await testKafka('counter', ['listener']);
    db = await messagingDatabase({ tables: COUNTER_TABLES });
  });
  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()));
    await kafka.close();
    await db.drop();
  });

  const rows = <Row>(text: string) => db.database.server(0).rows<Row>(text);
  const made = async (topic: string): Promise<void> => {
    const name = kafka.prefix + topic;
    await kafka.port.admin.deleteTopics([name]);
    await eventually(async () => expect(await kafka.port.admin.listTopics()).not.toContain(name), SLOW);
    const config = { 'message.timestamp.type': 'LogAppendTime' };
    await kafka.port.admin.createTopics([{ topic: name, partitions: 3, replicationFactor: 1, config }]);
  };
  const message = (topic: 'events' | 'states', type: string, name: string, version: number, count: number) =>
    counterRecord(kafka.prefix, topic, type, name, version, count);
  const send = (...records: OutgoingRecord[]) => eventually(() => kafka.port.produce(records, 'all'), SLOW);

  function consume(): void {
    const on = async (data: Counted, context: EventContext): Promise<void> => {
      if (data.count < 0) throw new Error('poison');
      await noteSeen(data, context);
    };
    const { consumer } = eventConsumer(kafka, db.database, [{ message: counter.counted, handler: { on } }]);
    consumer.start();
    stops.push(() => consumer.stop());
  }

  it('is consumed from its beginning, and its poison is parked where the former one had some', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `key-${n}`);
    const parked = async () =>
      (await rows<{ key: string; version: string }>('SELECT key, version FROM parked_events')).map(
        ({ key, version }) => `${key}:${version}`,
      );
    consume();
    await send(...names.map((name) => message('events', 'counted', name, 1, -1)));
    await eventually(
      async () => expect((await parked()).toSorted()).toEqual(names.map((n) => `${n}:1`).toSorted()),
      SLOW,
    );

    await made('counter.events');
    const others = names.map((name) => `other-${name}`);
    await send(...others.map((name) => message('events', 'counted', name, 1, -1)));
    await send(...others.map((name) => message('events', 'counted', name, 2, 2)));
    await send(...names.map((name) => message('events', 'counted', name, 2, 2)));
    const all = [...names, ...others].flatMap((name) => [`${name}:1`, `${name}:2`]);
    await eventually(async () => expect((await parked()).toSorted()).toEqual(all.toSorted()), SLOW);
  });

  it('fills its copy from the beginning, whatever offsets were stored, and is not caught up before', async () => {
    const apply = async (tx: Sql, states: readonly KeyState<typeof counter.current>[]) => {
      for (const { key, data, version } of states)
        await tx.query('INSERT INTO copy (name, count, version) VALUES ($1, $2, $3)', [key, data?.count, version]);
    };
    const subscriptions = new SubscriptionTable<StateSubscription>([{ message: counter.current, handler: { apply } }]);
    await rows(`INSERT INTO state_offsets (topic, kafka_partition, next_offset)
      SELECT 'counter.states', n, 1000 FROM generate_series(0, 2) AS n`);
    const names = Array.from({ length: 12 }, (_, n) => `key-${n}`);
    await send(...names.map((name) => message('states', 'current', name, 1, 1)));
    const parts = { port: kafka.port, messaging: kafka.optionsOf('listener'), server: db.database.server(0) };
    let isCaughtUp = false;
    const stopping = new AbortController();
    const waiting = caughtUp({ ...parts, topics: ['counter.states'] }, stopping.signal).then(() => (isCaughtUp = true));
    const following = (): Promise<void> =>
      new StateFollower({ ...parts, isTransient: () => false, subscriptions }).run(stopping.signal);
    expect(isCaughtUp).toBe(false);
    const followed = following();
    stops.push(async () => {
      stopping.abort();
      await followed;
    });
    await waiting;
    expect((await rows<{ name: string }>('SELECT name FROM copy')).map(({ name }) => name).toSorted()).toEqual(
      names.toSorted(),
    );
  });
});
