import { eventually } from '@stoa/testing';
import type { Database, DatabaseServer } from '@stoa/postgres';
import { Child } from '../../test/support/child.js';
import { add, addRequest, counter, COUNTER_TABLES } from '../../test/support/counter.js';
import { testKafka, type TestKafka } from '../../test/support/kafka.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import type { MessagingMetrics } from '../api/options.js';
import { BackgroundWork } from './background-work.js';

const LOCKS_HERE =
  "locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

describe('BackgroundWork', () => {
  let kafka: TestKafka;
  let db: TestMessagingDatabase;
  let children: Child[];

  beforeEach(async () => {
    kafka = await testKafka('counter');
    db = await messagingDatabase({ tables: COUNTER_TABLES, name: 'counter' });
    children = [];
  });
  afterEach(async () => {
    await Promise.all(children.map((child) => child.kill()));
    await kafka.close();
    await db.drop();
  });

  const sql = <Row>(text: string, values: unknown[] = []) => db.database.server(0).rows<Row>(text, values);
  const empty = () => eventually(async () => expect(await sql('SELECT * FROM outbox')).toEqual([]));

  function runtime(metrics: MessagingMetrics = {}, database: Database = db.database): BackgroundWork {
    const options = { ...kafka.options, metrics };
    return new BackgroundWork({
      port: kafka.port,
      database,
      options,
      contract: counter,
      subscriptions: [],
    });
  }

  function spawnChild(mode: 'relay' | 'command', more: Record<string, string> = {}): Child {
    const started = new Child({
      MODE: mode,
      DATABASE_URL: db.database.server(0).url,
      SERVER: 'counter@0',
      PREFIX: kafka.prefix,
      ...more,
    });
    children.push(started);
    return started;
  }

  it('relays soon after a commit, and stops cleanly', async () => {
    const background = runtime();
    await background.start();
    await eventually(() => expect(background.isReady()).toBe(true));
    await background.executor.execute(add, addRequest('soon', 1));
    await empty();
    await background.stop();
    await eventually(async () => expect(await sql(`SELECT FROM pg_locks WHERE ${LOCKS_HERE}`)).toEqual([]));
  });

  /** The test's database beside others that its `servers` name. */
  const among = (servers: () => readonly DatabaseServer[]): Database => ({
    transaction: (bucket, work) => db.database.transaction(bucket, work),
    transactionOver: (buckets, work) => db.database.transactionOver(buckets, work),
    bucketOf: (key) => db.database.bucketOf(key),
    isTransient: (error) => db.database.isTransient(error),
    servers,
  });
  const unavailable: DatabaseServer = {
    name: 'counter@unavailable',
    url: 'postgres://nobody@127.0.0.1:1/none',
    transaction: () => Promise.reject(Object.assign(new Error('unavailable'), { code: 'ECONNREFUSED' })),
  };

  it('is ready while one of several databases is unavailable, but not while all are', async () => {
    const background = runtime(
      {},
      among(() => [db.database.server(0), unavailable]),
    );
    const alone = runtime(
      {},
      among(() => [unavailable]),
    );
    await Promise.all([background.start(), alone.start()]);
    await eventually(() => expect(background.isReady()).toBe(true));
    expect(alone.isReady()).toBe(false);
    await Promise.all([background.stop(), alone.stop()]);
  });

  it('works for a database anew when it is reached by another URL', async () => {
    let server: DatabaseServer = { ...unavailable, name: 'counter@0' };
    const led: boolean[] = [];
    const background = runtime(
      { leading: (_, isLeader) => void led.push(isLeader) },
      among(() => [server]),
    );
    await background.start();
    server = db.database.server(0);
    expect(server.name).toBe('counter@0');
    await eventually(() => expect(led).toEqual([true]));
    await background.stop();
  });

  it('has one leader among clones, and another one as soon as its session is gone', async () => {
    const leaders = new Set<string>();
    const candidate = (name: string) =>
      runtime({ leading: (_, isLeader) => void (isLeader ? leaders.add(name) : leaders.delete(name)) });
    const both = [candidate('one'), candidate('two')];
    await Promise.all(both.map((each) => each.start()));
    await eventually(() => expect(leaders.size).toBe(1));
    const [first] = leaders;
    await both[0]!.executor.execute(add, addRequest('led', 1));
    await empty();
    await sql(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE ${LOCKS_HERE} AND granted`);
    await eventually(() => expect(leaders.has(first!)).toBe(false));
    await eventually(() => expect(leaders.size).toBe(1));
    await both[0]!.executor.execute(add, addRequest('led', 1));
    await empty();
    await Promise.all(both.map((each) => each.stop()));
    expect(leaders.size).toBe(0);
  });

  it('takes the lead from a process that froze, which doubles nothing when it resumes', async () => {
    const frozen = spawnChild('relay');
    await eventually(() => expect(frozen.lines).toContain('leading'));
    const events: string[] = [];
    const background = runtime({ leading: (_, isLeader) => void events.push(isLeader ? 'leads' : 'led') });
    await background.executor.execute(add, addRequest('frozen', 1));
    await eventually(() => expect(frozen.lines.filter((line) => line.startsWith('relayed'))).toHaveLength(1));
    await empty();

    await frozen.freeze();
    await background.start();
    for (let n = 0; n < 10; n++) await background.executor.execute(add, addRequest('frozen', 1));
    await empty();
    expect(events).toEqual(['leads']);

    frozen.resume();
    await eventually(() => expect(frozen.lines).toContain('not leading'));
    for (let n = 0; n < 10; n++) await background.executor.execute(add, addRequest('frozen', 1));
    await empty();
    const { records, follower } = await kafka.reader('counter.events');
    const inOrder = Array.from({ length: 21 }, (_, n) => String(n + 1));
    await eventually(() => expect(records.map(({ headers }) => headers['version'])).toEqual(inOrder));
    await Promise.all([follower.close(), background.stop()]);
  });

  it('loses nothing when the leader is killed again and again while commands commit', async () => {
    const background = runtime();
    const committed = { count: 0, done: false };
    const committing = (async () => {
      while (!committed.done) {
        await background.executor.execute(add, addRequest('killed', 1));
        committed.count++;
      }
    })();
    for (let n = 0; n < 2; n++) {
      const leader = spawnChild('relay');
      await eventually(() =>
        expect(leader.lines.filter((line) => line.startsWith('relayed')).length).toBeGreaterThan(2),
      );
      await leader.kill();
    }
    committed.done = true;
    await committing;
    await background.start();
    await empty();
    const { records, follower } = await kafka.reader('counter.events');
    await eventually(() => {
      // As a consumer does: it ignores versions that are not newer, and finds none missing.
      const taken: number[] = [];
      for (const { headers } of records) {
        if (Number(headers['version']) > (taken.at(-1) ?? 0)) taken.push(Number(headers['version']));
      }
      expect(taken).toEqual(Array.from({ length: committed.count }, (_, n) => n + 1));
    });
    await Promise.all([follower.close(), background.stop()]);
  });

  it('runs a command again whose clone was killed in the middle of it', async () => {
    const request = addRequest('killed', 1);
    const killed = spawnChild('command', { COMMAND_ID: request.id });
    await eventually(() => expect(killed.lines).toContain('written'));
    const { executor } = runtime();
    const retry = executor.execute(add, request);
    await killed.kill();
    expect(await retry).toEqual({ ok: true, body: '{"name":"killed","count":1}' });
    expect(await sql('SELECT count FROM counters')).toEqual([{ count: 1 }]);
  });

  it('does not wait for long for a command whose clone froze in the middle of it', async () => {
    const request = addRequest('killed', 1);
    const frozen = spawnChild('command', { COMMAND_ID: request.id });
    await eventually(() => expect(frozen.lines).toContain('written'));
    await frozen.freeze();
    const { executor } = runtime();
    expect(await executor.execute(add, request)).toEqual({ ok: true, body: '{"name":"killed","count":1}' });
  });
});
