import { eventually } from '@stoa/testing';
import type { Sql } from '@stoa/postgres';
import { counter, counterRecord, COUNTER_TABLES } from '../../test/support/counter.js';
import { testKafka, type TestKafka } from '../../test/support/kafka.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import type { KafkaPort, OutgoingRecord } from '@stoa/kafka';
import type { KeyState } from '../api/subscriptions.js';
import { caughtUp } from './state-catch-up.js';
import { CopyTakenOver } from './state-offsets.js';
import { StateFollower, type StateFollowerOptions } from './state-follower.js';
import { SubscriptionTable, type StateSubscription } from '../subscriptions/subscription-table.js';

type States = readonly KeyState<typeof counter.current>[];

const DELETE = `DELETE FROM copy USING unnest($1::text[], $2::bigint[]) AS gone(name, version)
  WHERE copy.name = gone.name AND copy.version < gone.version`;
const UPSERT = `INSERT INTO copy (name, count, version) SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[])
  ON CONFLICT (name) DO UPDATE SET count = excluded.count, version = excluded.version
  WHERE copy.version < excluded.version`;

describe('StateFollower', () => {
  let kafka: TestKafka;
  let db: TestMessagingDatabase;
  const stops: (() => Promise<unknown>)[] = [];
  /** Called before each batch is applied. */
  let beforeApply: (states: States, tx: Sql) => Promise<void>;
  let batches: number[];

  beforeEach(async () => {
    kafka = await testKafka('counter', ['listener']);
    db = await messagingDatabase({ tables: COUNTER_TABLES, servers: 2 });
    beforeApply = async () => undefined;
    batches = [];
  });
  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()));
    await kafka.close();
    await db.drop();
  });

  const apply = async (tx: Sql, states: States): Promise<void> => {
    batches.push(states.length);
    await beforeApply(states, tx);
    const gone = states.filter(({ data }) => data === null);
    const there = states.filter(({ data }) => data !== null);
    await tx.query(DELETE, [gone.map(({ key }) => key), gone.map(({ version }) => version)]);
    await tx.query(UPSERT, [
      there.map(({ key }) => key),
      there.map(({ data }) => data?.count),
      there.map(({ version }) => version),
    ]);
  };
  const subscriptions = new SubscriptionTable<StateSubscription>([{ message: counter.current, handler: { apply } }]);

  /** Follows into one of the databases until the returned function is called, or the test ends. */
  function follow(server = 0, more: Partial<StateFollowerOptions> = {}) {
    const stopping = new AbortController();
    const follower = new StateFollower({
      port: kafka.port,
      messaging: kafka.optionsOf('listener'),
      server: db.database.server(server),
      subscriptions,
      isTransient: (error) => db.database.isTransient(error),
      ...more,
    });
    const settled = follower.run(stopping.signal).then(
      () => 'stopped',
      (error: unknown) => error,
    );
    const stop = async () => {
      stopping.abort();
      return settled;
    };
    stops.push(stop);
    return { settled, stop };
  }

  const copyIn = async (server = 0): Promise<Record<string, number>> => {
    const rows = await db.database.server(server).rows<{ name: string; count: number }>('SELECT * FROM copy');
    return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
  };
  const waitFor = (expected: Record<string, number>, server = 0) =>
    eventually(async () => expect(await copyIn(server)).toEqual(expected));

  const state = (name: string, version: number, count: number | null, type = 'current'): OutgoingRecord =>
    counterRecord(kafka.prefix, 'states', type, name, version, count);
  const send = (...records: OutgoingRecord[]) => kafka.port.produce(records, 'all');

  it('fills a database from nothing, and follows: the last state of each key counts', async () => {
    await send(state('a', 1, 1), state('b', 1, 2), state('a', 2, 3), state('c', 1, 4), state('x', 1, 9, 'unknown'));
    follow();
    await waitFor({ a: 3, b: 2, c: 4 });
    await send(state('b', 2, null), state('c', 2, 5));
    await waitFor({ a: 3, c: 5 });
    follow(1);
    await waitFor({ a: 3, c: 5 }, 1);
  });

  it('goes on from the offsets that are stored beside the copy', async () => {
    await send(state('a', 1, 1));
    const first = follow();
    await waitFor({ a: 1 });
    await first.stop();
    await send(state('b', 1, 2));
    batches = [];
    follow();
    await waitFor({ a: 1, b: 2 });
    expect(batches).toEqual([1]);
  });

  it('applies a batch once when it crashes between copy and commit', async () => {
    let crashes = 2;
    beforeApply = async (_states, tx) => {
      await tx.query('INSERT INTO seen (name) VALUES ($1)', ['applied']);
      if (crashes-- > 0) throw Object.assign(new Error('connection lost'), { code: '57P01' });
    };
    await send(state('a', 1, 1));
    follow();
    await waitFor({ a: 1 });
    expect(await db.database.server(0).rows('SELECT FROM seen')).toHaveLength(1);
  });

  it('ignores an older version that comes later, in another batch or in the same', async () => {
    follow();
    await send(state('a', 5, 5));
    await waitFor({ a: 5 });
    await send(state('a', 4, 4), state('b', 2, 2), state('b', 1, 1));
    await waitFor({ a: 5, b: 2 });
  });

  it('takes large topics in batches, each state once', async () => {
    const names = Array.from({ length: 3_000 }, (_, n) => `key-${n}`);
    for (let at = 0; at < names.length; at += 500) {
      await send(...names.slice(at, at + 500).map((name) => state(name, 1, 7)));
    }
    follow(0, { batchSize: 200 });
    await eventually(async () => expect(Object.keys(await copyIn()).length).toBe(3_000));
    expect(Math.max(...batches)).toBeLessThanOrEqual(200);
    expect(batches.reduce((sum, size) => sum + size, 0)).toBe(3_000);
  });

  it('lets a former leader that resumes change nothing', async () => {
    let resume = (): void => undefined;
    const resumed = new Promise<void>((resolve) => (resume = resolve));
    await send(state('a', 1, 1));
    // The first leader freezes when it has fetched and is about to begin its transaction.
    const server = db.database.server(0);
    let isFrozen = false;
    const freezing = Object.assign(Object.create(server) as typeof server, {
      transaction: async <T>(work: (tx: Sql) => Promise<T>): Promise<T> => {
        const [row] = await server.rows('SELECT FROM state_offsets');
        if (row) {
          isFrozen = true;
          await resumed;
        }
        return server.transaction(work);
      },
    });
    const stopping = new AbortController();
    const former = new StateFollower({
      port: kafka.port,
      messaging: kafka.optionsOf('listener'),
      server: freezing,
      subscriptions,
      isTransient: () => false,
    }).run(stopping.signal);
    const settled = former.catch((error: unknown) => error);
    await eventually(() => expect(isFrozen).toBe(true));
    follow();
    await send(state('a', 2, null), state('b', 1, 1));
    await waitFor({ b: 1 });
    batches = [];
    resume();
    expect(await settled).toBeInstanceOf(CopyTakenOver);
    expect(batches).toEqual([]);
    expect(await copyIn()).toEqual({ b: 1 });
  });

  it('lets a former leader that resumes while it clears a copy clear no state that was copied since', async () => {
    await send(state('a', 1, 1), state('b', 1, 1));
    const before = follow();
    await waitFor({ a: 1, b: 1 });
    await before.stop();
    const server = db.database.server(0);
    await server.rows(`UPDATE state_offsets SET updated_at = now() - interval '7 days'`);
    let resume = (): void => undefined;
    const resumed = new Promise<void>((resolve) => (resume = resolve));
    const cleared: string[] = [];
    const clearing = (leader: string) => {
      const clear = async (tx: Sql): Promise<boolean> => {
        cleared.push(leader);
        const { rowCount } = await tx.query('DELETE FROM copy WHERE name IN (SELECT name FROM copy LIMIT 1)');
        return rowCount === 1;
      };
      return new SubscriptionTable<StateSubscription>([{ message: counter.current, handler: { apply, clear } }]);
    };
    // The first leader freezes between two steps of its clearing.
    const freezing = Object.assign(Object.create(server) as typeof server, {
      transaction: async <T>(work: (tx: Sql) => Promise<T>): Promise<T> => {
        if (cleared.length > 0) await resumed;
        return server.transaction(work);
      },
    });
    const former = follow(0, { server: freezing, subscriptions: clearing('former') });
    await eventually(() => expect(cleared).toEqual(['former']));
    follow(0, { subscriptions: clearing('next') });
    await waitFor({ a: 1, b: 1 });
    await eventually(() => expect(cleared).toContain('next'));
    const settled = [...cleared];
    resume();
    expect(await former.settled).toBeInstanceOf(CopyTakenOver);
    expect(cleared).toEqual(settled);
    expect(await copyIn()).toEqual({ a: 1, b: 1 });
  });

  it('gives up no state for a fault of the server, and writes one dead letter however often that comes', async () => {
    let tries = 0;
    beforeApply = async () => {
      if (++tries <= 8) throw Object.assign(new Error('read-only'), { code: '25006' });
    };
    const broken = { ...state('broken', 1, 1), value: '{"name":1}' };
    await send(broken, state('broken', 2, 1));
    follow(0, { isTransient: () => false });
    await waitFor({ broken: 1 });
    const { records, follower } = await kafka.reader('listener.dead-letters');
    await send({ ...state('broken', 3, 2), value: '{"name":2}' }, state('broken', 4, 3));
    await waitFor({ broken: 3 });
    await eventually(() => expect(records).toHaveLength(2));
    await follower.close();
  });

  it('sends what it can not read, and what its handler never takes, to the dead letters, and goes on', async () => {
    beforeApply = async (states) => {
      if (states.some(({ key }) => key === 'poison')) throw new Error('cannot take it');
    };
    const broken = { ...state('broken', 1, 1), value: '{"name":1}' };
    await send(state('a', 1, 1), broken, state('b', 1, 1), state('poison', 1, 1), state('c', 1, 1));
    follow();
    await waitFor({ a: 1, b: 1, c: 1 });
    const { records, follower } = await kafka.reader('listener.dead-letters');
    await eventually(() => {
      const dead = records.map(({ key, headers }) => [key?.toString(), headers['dead-reason']]);
      expect(dead.toSorted()).toEqual([
        ['broken', expect.stringContaining('break the contract of counter.current')],
        ['poison', 'cannot take it'],
      ]);
    });
    await send(state('d', 1, 1));
    await waitFor({ a: 1, b: 1, c: 1, d: 1 });
    await follower.close();
  });

  it('notices that a topic has been given more Kafka partitions', async () => {
    const { port } = kafka;
    let hidden = 1;
    const partitionCount = async (topic: string) => (await port.admin.partitionCount(topic)) - hidden;
    // A follower's part of the port, with a Kafka partition out of sight.
    const narrow = { follow: port.follow.bind(port), admin: { partitionCount } } as unknown as KafkaPort;
    follow(0, { checkMs: 100, port: narrow });
    const names = Array.from({ length: 12 }, (_, n) => `key-${n}`);
    await send(...names.map((name) => state(name, 1, 1)));
    await eventually(async () => expect(Object.keys(await copyIn()).length).toBeGreaterThan(0));
    expect(Object.keys(await copyIn()).length).toBeLessThan(12);
    hidden = 0;
    await waitFor(Object.fromEntries(names.map((name) => [name, 1])));
  });

  it('resolves when a copy has reached the ends of the start, through aborted transactions too', async () => {
    const options = {
      port: kafka.port,
      messaging: kafka.optionsOf('listener'),
      server: db.database.server(0),
      topics: ['counter.states'],
    };
    await send(state('a', 1, 1));
    const producer = await kafka.port.transactional(`${kafka.prefix}aborting`);
    const transaction = await producer.begin();
    await transaction.send([state('a', 2, 2), state('b', 2, 2), state('c', 2, 2)]);
    await transaction.abort();
    await producer.close();
    let isDone = false;
    const done = caughtUp(options, new AbortController().signal).then(() => (isDone = true));
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    beforeApply = () => released;
    follow();
    await eventually(() => expect(batches).toEqual([1]));
    expect(isDone).toBe(false);
    release();
    await done;
    expect(await copyIn()).toEqual({ a: 1 });
  });
});
