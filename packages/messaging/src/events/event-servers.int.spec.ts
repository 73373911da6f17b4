import { eventually } from '@stoa/testing';
import { counter, counterRecord, COUNTER_TABLES } from '../../test/support/counter.js';
import { testKafka, type TestKafka } from '../../test/support/kafka.js';
import { Line } from '../../test/support/line.js';
import { eventConsumer, noteSeen, type Counted } from '../../test/support/listener.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { SimplePgDatabase } from '../../test/support/pg-database.js';
import type { OutgoingRecord } from '@stoa/kafka';
import type { EventConsumer } from './event-consumer.js';

/** More than the share of memory that each of two servers has. */
const MANY = 3_000;
const KEYS = 30;
/** More than a server's events in work at once. */
const ACROSS = 200;

describe('the events of one server', () => {
  let kafka: TestKafka;
  let db: TestMessagingDatabase;
  let line: Line;
  let database: SimplePgDatabase;
  let consumer: EventConsumer;

  /** Events of some keys need the other server. */
  const before = async ({ name }: Counted): Promise<void> => {
    if (name.startsWith('near-across')) await database.transaction(1, (tx) => tx.query('SELECT 1'));
  };

  const newConsumer = (): EventConsumer =>
    eventConsumer(kafka, database, [{ message: counter.counted, handler: { before, on: noteSeen } }]).consumer;

  beforeEach(async () => {
    kafka = await testKafka('counter', ['listener']);
    // A key's first letter says on which of the two it is.
    const bucketOf = (key: string): number => (key.startsWith('far') ? 1 : 0);
    db = await messagingDatabase({ tables: COUNTER_TABLES, servers: 2 });
    line = await Line.to(db.database.server(1).url);
    database = new SimplePgDatabase([db.database.server(0).url, line.url], bucketOf);
    consumer = newConsumer();
    consumer.start();
    await eventually(() => expect(consumer.isJoined()).toBe(true));
  });
  afterEach(async () => {
    line.mend();
    await consumer.stop();
    await database.close();
    line.close();
    await kafka.close();
    await db.drop();
  });

  const versions = new Map<string, number>();
  const record = (name: string): OutgoingRecord => {
    const version = (versions.get(name) ?? 0) + 1;
    versions.set(name, version);
    return counterRecord(kafka.prefix, 'events', 'counted', name, version);
  };
  const send = (...records: OutgoingRecord[]) => kafka.port.produce(records, 'all');
  const keys = (prefix: string): string[] => Array.from({ length: KEYS }, (_, n) => `${prefix}-${n}`);
  const sendTo = async (prefix: string, events: number): Promise<void> => {
    for (let sent = 0; sent < events; sent += 300) {
      await send(...Array.from({ length: 300 }, (_, n) => record(`${prefix}-${n % KEYS}`)));
    }
  };
  const countIn = async (server: number): Promise<number> =>
    (await db.database.server(server).rows<{ n: number }>('SELECT count(*)::int AS n FROM seen'))[0]!.n;
  /** Every event once, and those of a key in their order. */
  const inOrder = async (server: number, prefix: string, each: number): Promise<void> => {
    const rows = await db.database
      .server(server)
      .rows<{ name: string; all: number[] }>(
        'SELECT name, array_agg(version ORDER BY n) AS all FROM seen GROUP BY name',
      );
    const found = Object.fromEntries(rows.map(({ name, all }) => [name, all]));
    const order = Array.from({ length: each }, (_, n) => n + 1);
    expect(found).toEqual(Object.fromEntries(keys(prefix).map((name) => [name, order])));
  };
  const committed = () =>
    eventually(async () => {
      const topic = `${kafka.prefix}counter.events`;
      const offsets = await kafka.port.admin.committedOffsets(`${kafka.prefix}listener.events:counter.counted`, topic);
      expect(offsets).toEqual(await kafka.port.admin.endOffsets(topic));
    });
  const slow = { timeoutMs: 150_000 };

  it.each<[string, () => void]>([
    ['is unavailable', () => line.cut()],
    ['is frozen', () => line.hold()],
  ])(
    'wait while it %s, in Kafka where they are many, and hold up no others',
    async (_, fail) => {
      versions.clear();
      await sendTo('far', 300);
      await eventually(async () => expect(await countIn(1)).toBe(300), slow);
      fail();
      await sendTo('far', MANY);
      await sendTo('near', MANY);
      await eventually(async () => expect(await countIn(0)).toBe(MANY), slow);
      await sendTo('far', 300);
      await sendTo('near', 300);
      await eventually(async () => expect(await countIn(0)).toBe(MANY + 300), slow);
      expect(await countIn(1)).toBeLessThan(400);
      line.mend();
      await sendTo('far', 300);
      await eventually(async () => expect(await countIn(1)).toBe(MANY + 900), slow);
      await inOrder(1, 'far', (MANY + 900) / KEYS);
      await inOrder(0, 'near', (MANY + 300) / KEYS);
      await committed();
      await sendTo('far', 300);
      await eventually(async () => expect(await countIn(1)).toBe(MANY + 1_200), slow);
    },
    150_000,
  );

  it('wait for another server by themselves where their handler needs it', async () => {
    versions.clear();
    const across = Array.from({ length: ACROSS }, (_, n) => `near-across-${n}`);
    line.cut();
    await send(...across.map(record));
    await eventually(() => {
      const waiting = kafka.logger.lines.filter(({ message }) => message === 'an event waits for a fault to end');
      expect(waiting.length).toBeGreaterThan(0);
    }, slow);
    await sendTo('near', 300);
    await eventually(async () => expect(await countIn(0)).toBe(300), slow);
    line.mend();
    await eventually(async () => expect(await countIn(0)).toBe(300 + ACROSS), slow);
    await committed();
  });

  it('are none lost where the consumer stops while they wait', async () => {
    versions.clear();
    line.cut();
    await sendTo('far', MANY);
    await sendTo('near', 300);
    await eventually(async () => expect(await countIn(0)).toBe(300), slow);
    await consumer.stop();
    line.mend();
    consumer = newConsumer();
    consumer.start();
    await eventually(async () => expect(await countIn(1)).toBe(MANY), slow);
    await inOrder(1, 'far', MANY / KEYS);
    await inOrder(0, 'near', 300 / KEYS);
    await committed();
  });
});
