import { eventually } from '@stoa/testing';
import { addTo, counter, counterRecord, COUNTER_TABLES } from '../../test/support/counter.js';
import { testKafka, type TestKafka } from '../../test/support/kafka.js';
import { eventConsumer, noteSeen, type Counted } from '../../test/support/listener.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import type { OutgoingRecord } from '@stoa/kafka';
import type { EventContext } from '../api/subscriptions.js';
import type { DeadLetters } from '../dead-letters/dead-letters.js';
import type { EventConsumer } from './event-consumer.js';

type On = (data: Counted, context: EventContext) => Promise<void>;

const transient = () => Object.assign(new Error('the database is unavailable'), { code: '57P01' });

describe('EventConsumer', () => {
  let kafka: TestKafka;
  let db: TestMessagingDatabase;
  let consumer: EventConsumer;
  let deadLetters: DeadLetters;
  /** Actions of the handler of `counted` by name, besides noting it in `seen`. */
  const actions = new Map<string, On>();

  const on: On = async (data, context) => {
    await noteSeen(data, context);
    await actions.get(data.name)?.(data, context);
  };

  function newConsumer(): EventConsumer {
    const made = eventConsumer(kafka, db.database, [
      { message: counter.counted, handler: { on } },
      { message: counter.doubled, handler: { on } },
    ]);
    ({ deadLetters } = made);
    return made.consumer;
  }

  beforeAll(async () => {
    kafka = await testKafka('counter', ['listener']);
    db = await messagingDatabase({ tables: COUNTER_TABLES, bucketOf: (key) => key.length });
    consumer = newConsumer();
    consumer.start();
  });
  afterAll(async () => {
    await consumer.stop();
    await kafka.close();
    await db.drop();
  });

  const sql = <Row>(text: string, values: unknown[] = []) => db.database.server(0).rows<Row>(text, values);
  const versionsSeen = async (name: string): Promise<number[]> =>
    (await sql<{ version: number }>('SELECT version FROM seen WHERE name = $1 ORDER BY n', [name])).map(
      (r) => r.version,
    );
  const parkedOf = (key: string) =>
    sql<{ id: string; version: string; reason: string | null; attempts: number }>(
      'SELECT * FROM parked_events WHERE key = $1 ORDER BY id',
      [key],
    );

  const record = (name: string, version: number, type = 'counted', value?: string): OutgoingRecord => {
    const made = counterRecord(kafka.prefix, 'events', type, name, version, version * 10);
    return value === undefined ? made : { ...made, value };
  };
  const send = (...records: OutgoingRecord[]) => kafka.port.produce(records, 'all');

  it('handles events of one key in order, and those of others beside them', async () => {
    const names = ['order-a', 'order-b', 'order-c', 'order-d'];
    const records = Array.from({ length: 200 }, (_, n) => record(names[n % 4]!, Math.floor(n / 4) + 1));
    await send(...records);
    const expected = Array.from({ length: 50 }, (_, n) => n + 1);
    for (const name of names) await eventually(async () => expect(await versionsSeen(name)).toEqual(expected));
  });

  it('lets a key that waits hold up no other, not even of its Kafka partition', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    actions.set('slow', () => released);
    const others = Array.from({ length: 20 }, (_, n) => `beside-${n}`);
    await send(record('slow', 1), record('slow', 2), ...others.map((name) => record(name, 1)));
    for (const name of others) await eventually(async () => expect(await versionsSeen(name)).toEqual([1]));
    expect(await versionsSeen('slow')).toEqual([]);
    release();
    await eventually(async () => expect(await versionsSeen('slow')).toEqual([1, 2]));
  });

  it('ignores versions that are not newer, and distinguishes events of one version', async () => {
    await send(record('dup', 1), record('dup', 1), record('dup', 2), record('dup', 2, 'doubled'), record('dup', 1));
    await send(record('dup', 2, 'doubled'), record('dup', 2), record('dup', 3));
    await eventually(async () => expect(await versionsSeen('dup')).toEqual([1, 2, 2, 3]));
  });

  it('ignores what it does not listen to', async () => {
    await send(record('deaf', 1, 'somethingNew', 'not even JSON'), record('deaf', 2));
    await eventually(async () => expect(await versionsSeen('deaf')).toEqual([2]));
  });

  it('sees nothing of an aborted transaction', async () => {
    const producer = await kafka.port.transactional(`${kafka.prefix}aborting`);
    const transaction = await producer.begin();
    await transaction.send([record('aborted', 1)]);
    await transaction.abort();
    await producer.close();
    await send(record('aborted', 2));
    await eventually(async () => expect(await versionsSeen('aborted')).toEqual([2]));
  });

  it('tries again for as long as a fault may pass, uncounted, and handles the event once', async () => {
    let tries = 0;
    actions.set('transient', async () => {
      if (++tries <= 8) throw transient();
    });
    await send(record('transient', 1), record('transient', 2));
    await eventually(async () => expect(await versionsSeen('transient')).toEqual([1, 2]));
    expect(tries).toBe(10);
    expect(await parkedOf('transient')).toEqual([]);
  });

  it('parks an event whose handler fails every time, and the later ones of its key behind it', async () => {
    let works = false;
    let tries = 0;
    actions.set('poison', async ({ count }) => {
      if (count === 20) tries++;
      if (count === 20 && !works) throw new Error('cannot take twenty');
    });
    await send(record('poison', 1), record('poison', 2), record('poison', 3), record('other', 1));
    await eventually(async () => expect(await parkedOf('poison')).toHaveLength(2));
    expect(await parkedOf('poison')).toMatchObject([
      { version: '2', reason: 'cannot take twenty', attempts: 5 },
      { version: '3', reason: null, attempts: 0 },
    ]);
    expect(tries).toBe(5);
    expect(await versionsSeen('poison')).toEqual([1]);
    await eventually(async () => expect(await versionsSeen('other')).toEqual([1]));

    const { records, follower } = await kafka.reader('listener.dead-letters');
    await eventually(() => expect(records.map(({ key }) => key?.toString())).toContain('poison'));
    await follower.close();
    const dead = records.filter(({ key }) => key?.toString() === 'poison');
    expect(dead).toHaveLength(1);
    expect(dead[0]!.headers).toMatchObject({ 'dead-reason': 'cannot take twenty', type: 'counted', version: '2' });

    expect(await deadLetters.replay('counter.events', 'poison')).toMatchObject({
      replayed: 0,
      failed: { reason: 'cannot take twenty' },
    });
    works = true;
    await send(record('poison', 4));
    await eventually(async () => expect(await parkedOf('poison')).toHaveLength(3));
    expect(await deadLetters.replay('counter.events', 'poison')).toEqual({ replayed: 3, failed: undefined });
    await send(record('poison', 5));
    await eventually(async () => expect(await versionsSeen('poison')).toEqual([1, 2, 3, 4, 5]));
    expect(await parkedOf('poison')).toEqual([]);
  });

  it('keeps the order while an operator replays and new events come', async () => {
    let works = false;
    actions.set('busy', async () => {
      if (!works) throw new Error('not yet');
    });
    await send(record('busy', 1));
    await eventually(async () => expect(await parkedOf('busy')).toHaveLength(1));
    works = true;
    const last = 150;
    const sending = (async () => {
      for (let version = 2; version <= last; version++) await send(record('busy', version));
    })();
    await eventually(async () => {
      await deadLetters.replay('counter.events', 'busy');
      expect((await versionsSeen('busy')).length).toBe(last);
    });
    await sending;
    expect(await versionsSeen('busy')).toEqual(Array.from({ length: last }, (_, n) => n + 1));
    expect(await parkedOf('busy')).toEqual([]);
  });

  it('parks and replays in order where ids are those of another shard, which a bucket that moved brought along', async () => {
    let works = false;
    actions.set('moved', async () => {
      if (!works) throw new Error('not yet');
    });
    const others = 'bucket, topic, kafka_partition, kafka_offset, type, key, version, headers, body, reason, attempts';
    const brought = (key: string, ids: string) =>
      sql(
        `WITH gone AS (DELETE FROM parked_events WHERE key = $1 RETURNING *)
        INSERT INTO parked_events (id, ${others}) OVERRIDING SYSTEM VALUE SELECT ${ids}, ${others} FROM gone`,
        [key],
      );
    await send(record('moved', 1));
    await eventually(async () => expect(await parkedOf('moved')).toHaveLength(1));
    // Ahead of the ids that are given here, and in the way of the next two.
    const [{ next } = { next: 0 }] = await sql<{ next: number }>(
      "SELECT (last_value + 1)::integer AS next FROM pg_sequences WHERE sequencename = 'parked_events_id_seq'",
    );
    await brought('moved', `${next + 1}`);
    await sql(`INSERT INTO parked_events (id, ${others}) OVERRIDING SYSTEM VALUE
      VALUES (${next}, 5, 'counter.events', 99, 99, 'counted', 'taken', 1, '{}', NULL, 'for the test', 5)`);
    await send(record('moved', 2), record('moved', 3));
    await eventually(async () => expect(await parkedOf('moved')).toHaveLength(3));
    await brought('moved', '1000000 - (version::text)::integer');
    expect((await parkedOf('moved')).map(({ version }) => Number(version))).toEqual([3, 2, 1]);
    works = true;
    expect(await deadLetters.replay('counter.events', 'moved')).toEqual({ replayed: 3, failed: undefined });
    expect(await versionsSeen('moved')).toEqual([1, 2, 3]);
    await sql("DELETE FROM parked_events WHERE key = 'taken'");
  });

  it.each([
    ['a body that is not JSON', 'not JSON', (name: string) => record(name, 1, 'counted', '{')],
    ['data that break the contract', '/count', (name: string) => record(name, 1, 'counted', `{"name":"${name}"}`)],
    ['no version', "version is ''", (name: string) => ({ ...record(name, 1), headers: { type: 'counted' } })],
    [
      'bytes that are no text',
      'not JSON',
      (name: string) => ({
        ...record(name, 1),
        value: Buffer.from([0xff, 0, 0xfe]),
        headers: { type: 'counted', version: '1', odd: 'a\0b' },
      }),
    ],
  ])('parks %s at once, and goes on', async (what, reason, make) => {
    const name = `unreadable ${what}`;
    await send(make(name) as OutgoingRecord, record(name, 2), record(`after ${what}`, 1));
    await eventually(async () => expect(await parkedOf(name)).toHaveLength(2));
    expect((await parkedOf(name))[0]?.reason).toContain(reason);
    await eventually(async () => expect(await versionsSeen(`after ${what}`)).toEqual([1]));
    // An operator gives it up: what waited behind it is handled.
    const page = await deadLetters.list(100);
    const unreadable = page.items.find((item) => item.key === name && item.reason !== null)!;
    expect(await deadLetters.drop(unreadable)).toBe(true);
    expect(await deadLetters.drop(unreadable)).toBe(false);
    expect(await deadLetters.replay('counter.events', name)).toEqual({ replayed: 1, failed: undefined });
    expect(await versionsSeen(name)).toEqual([2]);
  });

  it('publishes what a handler publishes with the effect, and mints ids that a retry gets again', async () => {
    const minted: string[] = [];
    let tries = 0;
    actions.set('reacts', async ({ name }, { tx, publish, mintId }) => {
      minted.push(mintId());
      const { count, version } = await addTo(tx, name, 1);
      await publish(counter.current, version, { name, count });
      if (++tries === 1) throw new Error('once');
    });
    await send(record('reacts', 1));
    await eventually(async () => expect(await versionsSeen('reacts')).toEqual([1]));
    expect(minted[1]).toBe(minted[0]);
    expect(await sql("SELECT bucket, topic, body FROM outbox WHERE key = 'reacts'")).toEqual([
      { bucket: 6, topic: 'counter.states', body: '{"name":"reacts","count":1}' },
    ]);
  });

  it('goes on where it stopped, with what was not finished', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let runs = 0;
    actions.set('unfinished', async () => {
      if (++runs === 1) throw transient();
      await released;
    });
    await send(record('unfinished', 1), record('finished', 1));
    await eventually(async () => expect(await versionsSeen('finished')).toEqual([1]));
    release();
    await consumer.stop();
    consumer = newConsumer();
    consumer.start();
    await send(record('finished', 2));
    await eventually(async () => expect(await versionsSeen('unfinished')).toEqual([1]));
    await eventually(async () => expect(await versionsSeen('finished')).toEqual([1, 2]));
  });
});
