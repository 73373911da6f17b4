import { eventually } from '@stoa/testing';
import { type Sql, LockSession } from '@stoa/postgres';
import { add, addRequest, boundAdd, counter, COUNTER_TABLES } from '../../test/support/counter.js';
import { testKafka, type TestKafka } from '../../test/support/kafka.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { newId } from '../protocol/ids.js';
import { FencedError, type KafkaPort, type KafkaRecord } from '@stoa/kafka';
import { InboxExecutor } from '../commands/inbox-executor.js';
import { OutboxRelay, type OutboxRelayOptions } from './outbox-relay.js';

/** A gate that what passes it can be held at. */
function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const state = { reached: 0, open };
  const pass = async (): Promise<void> => {
    state.reached++;
    await opened;
  };
  return { state, pass };
}

describe('OutboxRelay', () => {
  let kafka: TestKafka;
  let db: TestMessagingDatabase;
  let session: LockSession;
  let executor: InboxExecutor;

  beforeEach(async () => {
    kafka = await testKafka('counter');
    db = await messagingDatabase({ tables: COUNTER_TABLES });
    // Long beside what a busy machine may hold up a beat.
    const options = { applicationName: 'test', idleTimeoutMs: 60_000 };
    session = await LockSession.open({ url: db.database.server(0).url, ...options });
    executor = new InboxExecutor({ database: db.database, validateOutput: true });
  });
  afterEach(async () => {
    await session.close();
    await kafka.close();
    await db.drop();
  });

  const outbox = () => db.database.server(0).rows('SELECT * FROM outbox ORDER BY id');
  const empty = () => eventually(async () => expect(await outbox()).toEqual([]));
  const versions = (records: readonly KafkaRecord[], key?: string): number[] =>
    records
      .filter((record) => key === undefined || record.key?.toString() === key)
      .map(({ headers }) => Number(headers['version']));

  function relayOf(port: KafkaPort = kafka.port, more: Partial<OutboxRelayOptions> = {}): OutboxRelay {
    const options = { port, topicPrefix: kafka.prefix, server: 'counter@0', logger: kafka.logger };
    return new OutboxRelay({ ...options, ...more });
  }

  /** Runs a relay until the returned function is called. */
  function run(relay: OutboxRelay, sql: Sql = session) {
    const stopping = new AbortController();
    const running = relay.run(sql, stopping.signal);
    const settled = running.then(
      () => 'stopped',
      (error: unknown) => error,
    );
    return {
      settled,
      stop: async (): Promise<void> => {
        stopping.abort();
        await running;
      },
    };
  }

  it('sends rows with their headers, and deletes what Kafka has', async () => {
    const command = boundAdd(async ({ name }, { publish, retract }) => {
      await publish(counter.counted, 1, { name, count: 5 });
      await publish(counter.current, 1, { name, count: 5 });
      await retract(counter.current, 2, name);
      return { name, count: 5 };
    });
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await executor.execute(command, addRequest('headers', 5, { traceparent }));
    const { stop } = run(relayOf());
    await empty();
    const [events, states] = [await kafka.reader('counter.events'), await kafka.reader('counter.states')];
    await eventually(() => expect(states.records).toHaveLength(2));
    await eventually(() => expect(events.records).toHaveLength(1));
    expect(events.records[0]!.headers).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      type: 'counted',
      v: '1',
      version: '1',
      traceparent,
    });
    expect(events.records[0]!.value?.toString()).toBe('{"name":"headers","count":5}');
    expect(states.records.map(({ key, value }) => [key?.toString(), value?.toString()])).toEqual([
      ['headers', '{"name":"headers","count":5}'],
      ['headers', undefined],
    ]);
    await Promise.all([events.follower.close(), states.follower.close(), stop()]);
  });

  it('keeps the order of each key while many commands commit', async () => {
    const { stop } = run(relayOf());
    const { records, follower } = await kafka.reader('counter.events');
    const names = ['a', 'b', 'c', 'd', 'e'];
    const commands = Array.from({ length: 400 }, (_, n) => executor.execute(add, addRequest(names[n % 5]!, 1)));
    await Promise.all(commands);
    await eventually(() => expect(records).toHaveLength(400));
    const inOrder = Array.from({ length: 80 }, (_, n) => n + 1);
    for (const name of names) expect(versions(records, name)).toEqual(inOrder);
    await empty();
    await Promise.all([follower.close(), stop()]);
  });

  it('polls again when it is notified, and makes no pause between transactions when it is flushed', async () => {
    const relay = relayOf(kafka.port, { idleMs: 3_600_000, intervalMs: 3_600_000 });
    const { stop } = run(relay);
    await executor.execute(add, addRequest('notified', 1));
    relay.notify();
    await empty();
    await executor.execute(add, addRequest('notified', 1));
    relay.notify();
    expect(await outbox()).toHaveLength(1);
    relay.flush();
    await empty();
    await stop();
  });

  it('sends rows that are too large for one batch', async () => {
    const values = Array.from({ length: 60 }, (_, n) => [n + 1, JSON.stringify('x'.repeat(250_000 + n * 10_000))]);
    for (const [version, body] of values) {
      await db.database
        .server(0)
        .rows(
          "INSERT INTO outbox (bucket, topic, key, version, headers, body) VALUES (0, 'counter.events', 'big', $1, '{}', $2)",
          [version, body],
        );
    }
    const { records, follower } = await kafka.reader('counter.events');
    const { stop } = run(relayOf());
    await eventually(() => expect(versions(records)).toEqual(values.map(([version]) => version)));
    await empty();
    await Promise.all([follower.close(), stop()]);
  });

  it('waits for a topic that is not there yet', async () => {
    await db.database
      .server(0)
      .rows("INSERT INTO outbox (bucket, topic, key, version, headers) VALUES (0, 'late.states', 'k', 1, '{}')");
    const { stop } = run(relayOf());
    await eventually(() =>
      expect(kafka.logger.lines.map(({ message }) => message)).toContain('the outbox waits for Kafka'),
    );
    const topic = `${kafka.prefix}late.states`;
    await kafka.port.admin.createTopics([{ topic, partitions: 3, replicationFactor: 1 }]);
    await empty();
    await stop();
    await kafka.port.admin.deleteTopics([topic]);
  });

  it('sends again after a crash between Kafka and the delete: duplicates, of the same versions, in order', async () => {
    for (let n = 0; n < 3; n++) await executor.execute(add, addRequest('crash', 1));
    const crashing: Sql = {
      query: (text, values) =>
        text.startsWith('DELETE') ? Promise.reject(new Error('crashed')) : session.query(text, values),
    };
    await expect(run(relayOf(), crashing).settled).resolves.toMatchObject({ message: 'crashed' });
    const { stop } = run(relayOf());
    const { records, follower } = await kafka.reader('counter.events');
    await eventually(() => expect(versions(records)).toEqual([1, 2, 3, 1, 2, 3]));
    await empty();
    await Promise.all([follower.close(), stop()]);
  });

  it.each(['begin', 'send', 'commit'] as const)(
    'is refused by the broker when it froze before its %s and another has taken over',
    async (step) => {
      const { state, pass } = gate();
      const port = await kafka.open();
      // It is between the relay and the client, and lets a step wait for the test.
      const freezing = Object.assign(Object.create(port) as KafkaPort, {
        transactional: async (id: string) => {
          const producer = await port.transactional(id);
          const begin = async () => {
            if (step === 'begin') await pass();
            const transaction = await producer.begin();
            return {
              send: async (records: Parameters<typeof transaction.send>[0]) => {
                if (step === 'send') await pass();
                await transaction.send(records);
              },
              commit: async () => {
                if (step === 'commit') await pass();
                await transaction.commit();
              },
              abort: () => transaction.abort(),
            };
          };
          return { begin, close: () => producer.close() };
        },
      });
      for (let n = 0; n < 3; n++) await executor.execute(add, addRequest('frozen', 1));
      const frozen = run(relayOf(freezing));
      await eventually(() => expect(state.reached).toBe(1));
      const successor = run(relayOf());
      await empty();
      for (let n = 0; n < 2; n++) await executor.execute(add, addRequest('frozen', 1));
      await empty();
      state.open();
      expect(await frozen.settled).toBeInstanceOf(FencedError);
      await executor.execute(add, addRequest('frozen', 1));
      await empty();
      const { records, follower } = await kafka.reader('counter.events');
      await eventually(() => expect(versions(records)).toEqual([1, 2, 3, 4, 5, 6]));
      await Promise.all([follower.close(), successor.stop()]);
    },
  );

  it('control: with another transactional id, the frozen leader doubles', async () => {
    const { state, pass } = gate();
    const port = await kafka.open();
    const freezing = Object.assign(Object.create(port) as KafkaPort, {
      transactional: async () => {
        const producer = await port.transactional(`${kafka.prefix}${newId()}`);
        return { begin: async () => (await pass(), producer.begin()), close: () => producer.close() };
      },
    });
    await executor.execute(add, addRequest('control', 1));
    const frozen = run(relayOf(freezing));
    await eventually(() => expect(state.reached).toBe(1));
    const successor = run(relayOf());
    await empty();
    state.open();
    const { records, follower } = await kafka.reader('counter.events');
    await eventually(() => expect(versions(records)).toEqual([1, 1]));
    await Promise.all([follower.close(), successor.stop(), frozen.stop()]);
  });
});
