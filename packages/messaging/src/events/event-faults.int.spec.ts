import { eventually } from '@stoa/testing';
import { counter, counterRecord, COUNTER_TABLES } from '../../test/support/counter.js';
import { testKafka, type TestKafka } from '../../test/support/kafka.js';
import { eventConsumer, noteSeen, type Counted } from '../../test/support/listener.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { DEAD_LETTER_HEADERS } from '../protocol/dead-letter.js';
import { KafkaError, type KafkaPort, type KafkaRecord, type OutgoingRecord } from '@stoa/kafka';
import type { EventContext } from '../api/subscriptions.js';
import type { DeadLetters } from '../dead-letters/dead-letters.js';
import type { EventConsumer } from './event-consumer.js';

/** Raises a SQLSTATE for each row that comes into a table. */
const refusing = (table: string, state: string): string => `
  CREATE OR REPLACE FUNCTION refuse_${table}() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '${state}'; END $$;
  CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION refuse_${table}()`;

/** The port with another way to send. */
const sendingBy = (port: KafkaPort, produce: KafkaPort['produce']): KafkaPort => ({
  client: port.client,
  admin: port.admin,
  produce,
  append: (record) => port.append(record),
  consumeGroup: (options) => port.consumeGroup(options),
  follow: (options) => port.follow(options),
  transactional: (id) => port.transactional(id),
  close: () => port.close(),
});

describe('the cause of a failure', () => {
  let kafka: TestKafka;
  let db: TestMessagingDatabase;
  let consumer: EventConsumer;
  let deadLetters: DeadLetters;
  let allDead: KafkaRecord[];
  let closeReader: () => Promise<void>;
  /** Thrown by the handler, while it is set. */
  let thrown: ((data: Counted) => unknown) | undefined;
  let tries = 0;

  const on = async (data: Counted, context: EventContext): Promise<void> => {
    tries++;
    await noteSeen(data, context);
    const error = thrown?.(data);
    if (error !== undefined) throw error;
  };

  function newConsumer(port: KafkaPort = kafka.port): EventConsumer {
    const made = eventConsumer(kafka, db.database, [{ message: counter.counted, handler: { on } }], port);
    ({ deadLetters } = made);
    return made.consumer;
  }

  beforeAll(async () => {
    kafka = await testKafka('counter', ['listener']);
    db = await messagingDatabase({ tables: COUNTER_TABLES });
    const { records, follower } = await kafka.reader('listener.dead-letters');
    allDead = records;
    closeReader = () => follower.close();
    consumer = newConsumer();
    consumer.start();
  });
  beforeEach(() => {
    [thrown, tries] = [undefined, 0];
    kafka.logger.lines.length = 0;
    allDead.length = 0;
  });
  afterEach(() =>
    sql(`DROP TRIGGER IF EXISTS refuse ON seen; DROP TRIGGER IF EXISTS refuse ON parked_events;
      TRUNCATE seen, parked_events`),
  );
  afterAll(async () => {
    await consumer.stop();
    await closeReader();
    await kafka.close();
    await db.drop();
  });

  const sql = <Row>(text: string, values: unknown[] = []) => db.database.server(0).rows<Row>(text, values);
  /** Ends all sessions, and this one last: it would stay in the pool, with the settings that it began with. */
  const endSessions = (): Promise<unknown> =>
    sql(`SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE datname = current_database()
      ORDER BY pid = pg_backend_pid()) AS sessions`).catch(() => undefined);
  let versions = 0;
  /** Newer than all before, of whatever key. */
  const record = (name: string): OutgoingRecord =>
    counterRecord(kafka.prefix, 'events', 'counted', name, ++versions, 1);
  const send = (...records: OutgoingRecord[]) => kafka.port.produce(records, 'all');
  const seen = async (): Promise<string[]> =>
    (await sql<{ name: string }>('SELECT name FROM seen ORDER BY name, version')).map(({ name }) => name);
  const parked = () => sql<{ key: string; reason: string | null }>('SELECT key, reason FROM parked_events ORDER BY id');
  const names = Array.from({ length: 12 }, (_, n) => `name-${String(n).padStart(2, '0')}`);
  const origins = (): (string | undefined)[] => allDead.map(({ headers }) => headers[DEAD_LETTER_HEADERS.origin]);
  /** So often an event waited for a fault to pass. */
  const waitsSeen = (times: number) =>
    eventually(() => {
      const waits = kafka.logger.lines.filter(({ message }) => message === 'an event waits for a fault to end');
      expect(waits.length).toBeGreaterThan(times);
    });
  /** All offsets are committed: nothing is under way. */
  const settled = () =>
    eventually(async () => {
      const { eventsGroup, topic } = {
        eventsGroup: `${kafka.prefix}listener.events:counter.counted`,
        topic: `${kafka.prefix}counter.events`,
      };
      const ends = await kafka.port.admin.endOffsets(topic);
      const committed = await kafka.port.admin.committedOffsets(eventsGroup, topic);
      expect(committed.map((offset) => offset ?? 0)).toEqual(ends);
    });

  it('is not the events while the server is read-only: each is handled once when it is not any more', async () => {
    const [{ name = '' } = {}] = await sql<{ name: string }>('SELECT current_database() AS name');
    await sql(`ALTER DATABASE "${name}" SET default_transaction_read_only = on`);
    await endSessions();
    await send(...names.map((each) => record(each)));
    await waitsSeen(15);
    expect(kafka.logger.lines.some(({ message }) => message === 'an event was parked')).toBe(false);
    await sql(`BEGIN READ WRITE; ALTER DATABASE "${name}" RESET default_transaction_read_only; COMMIT`);
    await endSessions();
    await eventually(async () => expect(await seen()).toEqual(names));
    await settled();
    expect(await parked()).toEqual([]);
    expect(allDead).toEqual([]);
  });

  it.each(['25006', '53100', 'XX000', '28P01'])('is not the event when the server answers %s', async (state) => {
    await sql(refusing('seen', state));
    await send(record('waits'), record('waits'));
    await eventually(() => expect(tries).toBeGreaterThan(7));
    await sql('DROP TRIGGER refuse ON seen');
    await eventually(async () => expect(await seen()).toEqual(['waits', 'waits']));
    expect(await parked()).toEqual([]);
    expect(allDead).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    ['Kafka', () => new KafkaError('RETRIABLE', 'no leader')],
    ['the network', () => Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
    ['a pool', () => new Error('timeout exceeded when trying to connect')],
    [
      'a server, as another error wraps it',
      () => new Error('no', { cause: Object.assign(new Error(), { code: '25006' }) }),
    ],
    ['a pool, as Prisma says it', () => Object.assign(new Error('pool'), { code: 'P2024' })],
  ])('is not the event when the fault is that of %s', async (_, make) => {
    thrown = make;
    await send(record('waits'));
    await eventually(() => expect(tries).toBeGreaterThan(7));
    thrown = undefined;
    await eventually(async () => expect(await seen()).toEqual(['waits']));
    expect(await parked()).toEqual([]);
  });

  it.each(['22012', '23505', '23514', '42P01', 'P0001'])('is the event when it meets %s', async (state) => {
    await sql(refusing('seen', state));
    await send(record('poison'));
    await eventually(async () => expect(await parked()).toEqual([{ key: 'poison', reason: 'refused' }]));
    expect(tries).toBe(5);
    await eventually(() => expect(allDead).toHaveLength(1));
  });

  it('writes one dead letter for each event, however often the database refuses to park it', async () => {
    thrown = () => new Error('poisonous');
    await sql(refusing('parked_events', '25006'));
    await send(...names.map((each) => record(each)));
    await waitsSeen(20);
    expect(allDead).toEqual([]);
    await sql('DROP TRIGGER refuse ON parked_events');
    await eventually(async () => expect(await parked()).toHaveLength(names.length));
    await settled();
    await eventually(() => expect(new Set(origins()).size).toBe(names.length));
    expect(allDead).toHaveLength(names.length);
  });

  it('writes the dead letter when Kafka takes it, of the row that was parked before', async () => {
    await consumer.stop();
    let refused = 0;
    const produce: KafkaPort['produce'] = (records, acks) => {
      if (++refused <= 6) return Promise.reject(new KafkaError('UNREACHABLE', 'no broker'));
      return kafka.port.produce(records, acks);
    };
    consumer = newConsumer(sendingBy(kafka.port, produce));
    consumer.start();
    thrown = () => new Error('poisonous');
    await send(record('poison'));
    await settled();
    expect(await parked()).toEqual([{ key: 'poison', reason: 'poisonous' }]);
    await eventually(() => expect(origins()).toHaveLength(1));
    expect(refused).toBe(7);
  });

  it('makes up for a dead letter that a clone did not come to write, and writes none again for one that it did', async () => {
    await consumer.stop();
    const never: KafkaPort['produce'] = () => Promise.reject(new KafkaError('UNREACHABLE', 'no broker'));
    consumer = newConsumer(sendingBy(kafka.port, never));
    consumer.start();
    thrown = () => new Error('poisonous');
    await send(record('poison'));
    await eventually(async () => expect(await parked()).toEqual([{ key: 'poison', reason: 'poisonous' }]));
    await consumer.stop();
    consumer = newConsumer();
    consumer.start();
    await eventually(() => expect(allDead).toHaveLength(1));
    expect(allDead[0]!.headers).toMatchObject({ [DEAD_LETTER_HEADERS.reason]: 'poisonous' });
    await settled();

    // Its offset is not committed yet where another event of the same Kafka partition waits.
    const { partition } = allDead[0]!;
    thrown = ({ name }) => (name === 'waits' ? Object.assign(new Error(), { code: '57P03' }) : new Error('poisonous'));
    await send({ ...record('waits'), partition }, { ...record('poison too'), partition });
    await eventually(() => expect(allDead).toHaveLength(2));
    await eventually(async () =>
      expect(await sql("SELECT FROM parked_events WHERE headers ? 'dead-by'")).toHaveLength(2),
    );
    await consumer.stop();
    thrown = undefined;
    consumer = newConsumer();
    consumer.start();
    await settled();
    expect(await seen()).toEqual(['waits']);
    expect(allDead).toHaveLength(2);
  });

  it('keeps a parked event for the operator while a replay meets a fault of the server', async () => {
    thrown = () => new Error('poisonous');
    await send(record('poison'));
    await eventually(async () => expect(await parked()).toEqual([{ key: 'poison', reason: 'poisonous' }]));
    thrown = () => Object.assign(new Error('read-only'), { code: '25006' });
    await expect(deadLetters.replay('counter.events', 'poison')).rejects.toMatchObject({ code: '25006' });
    expect(await parked()).toEqual([{ key: 'poison', reason: 'poisonous' }]);
    thrown = undefined;
    expect(await deadLetters.replay('counter.events', 'poison')).toEqual({ replayed: 1, failed: undefined });
  });
});
