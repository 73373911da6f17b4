import { randomBytes } from 'node:crypto';
import { eventually } from '@stoa/testing';
import { LockSession } from '@stoa/postgres';
import { addRequest, addTo, COUNTER_TABLES } from '../../test/support/counter.js';
import { testKafka, type TestKafka } from '../../test/support/kafka.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { boundWrite, notes } from '../../test/support/notes.js';
import type { CommandReply } from '../api/command-execution.js';
import { newId } from '../protocol/ids.js';
import type { KafkaPort, OutgoingRecord } from '@stoa/kafka';
import { MAX_RECORD_BYTES } from '@stoa/kafka';
import { MAX_REPLY_BYTES } from '../replies/reply-parts.js';
import type { KeyState } from '../api/subscriptions.js';
import { InboxExecutor } from '../commands/inbox-executor.js';
import { EventConsumer } from '../events/event-consumer.js';
import { EventDelivery } from '../events/event-delivery.js';
import { BatchExecutor } from '../commands/batch-executor.js';
import { OutboxRelay } from './outbox-relay.js';
import { messageRow, writeOutbox } from './outbox.js';
import { StateFollower } from '../states/state-follower.js';
import {
  SubscriptionTable,
  type EventSubscription,
  type StateSubscription,
} from '../subscriptions/subscription-table.js';

/** Bytes of a record besides the text of a note called `n`. */
const AROUND = 450;

describe('messages and replies that are large', () => {
  let kafka: TestKafka;
  let db: TestMessagingDatabase;
  const stops: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    kafka = await testKafka('notes', ['listener']);
    db = await messagingDatabase({ tables: COUNTER_TABLES });
  });
  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()));
    await kafka.close();
    await db.drop();
  });

  const sql = <Row>(text: string, values: unknown[] = []) => db.database.server(0).rows<Row>(text, values);
  const codeOf = ({ ok, body }: CommandReply): string => (ok ? 'ok' : (JSON.parse(body) as { code: string }).code);

  describe('of a command', () => {
    const executors = () => {
      const options = { database: db.database, validateOutput: true };
      return [new InboxExecutor(options), new BatchExecutor(options)];
    };

    /** Adds to a counter, publishes and returns texts of these lengths. */
    const writing = ({ event = 1, state = 1, reply = 1, name = 'n' }) =>
      boundWrite(async (input, { tx, publish }) => {
        await addTo(tx, input.name, 1);
        await publish(notes.written, 1, { name, text: 'x'.repeat(event) });
        await publish(notes.text, 1, { name, text: 'x'.repeat(state) });
        return { name, text: 'x'.repeat(reply) };
      });

    it.each([
      ['PAYLOAD_TOO_LARGE', { event: MAX_RECORD_BYTES }],
      ['PAYLOAD_TOO_LARGE', { state: MAX_RECORD_BYTES - 100 }],
      ['PAYLOAD_TOO_LARGE', { name: 'n'.repeat(50_000) }],
      ['RESPONSE_TOO_LARGE', { reply: MAX_REPLY_BYTES }],
    ])('undo it: %s, which a second delivery hears too', async (code, sizes) => {
      for (const executor of executors()) {
        const request = addRequest('counter', 1);
        const replies = [
          await executor.execute(writing(sizes), request),
          await executor.execute(writing(sizes), request),
        ];
        expect(replies.map(codeOf)).toEqual([code, code]);
        expect(await sql('SELECT FROM counters')).toEqual([]);
        expect(await sql('SELECT FROM outbox')).toEqual([]);
      }
    });

    it('are kept when they are just not too large', async () => {
      for (const [n, executor] of executors().entries()) {
        const request = addRequest(`counter-${n}`, 1);
        const command = writing({ state: MAX_RECORD_BYTES - AROUND, reply: MAX_REPLY_BYTES - 50 });
        const first = await executor.execute(command, request);
        expect(codeOf(first)).toBe('ok');
        expect(await executor.execute(command, request)).toEqual(first);
      }
    });

    it('commit together with others of a group', async () => {
      const executor = new BatchExecutor({ database: db.database, validateOutput: true });
      const command = {
        ...boundWrite(async ({ name, by }, { publish }) => {
          await publish(notes.written, 1, { name, text: 'x'.repeat(by) });
          return { name, text: 'x'.repeat(by) };
        }),
        isBatched: true,
      };
      const requests = [900_000, 1, 2, 1_000_000, 3].map((by) => addRequest(`name-${by}`, by));
      const replies = await Promise.all(requests.map((request) => executor.execute(command, request)));
      expect(replies.map(codeOf)).toEqual(Array(5).fill('ok'));
      expect(await sql("SELECT FROM inbox WHERE status = 'ok'")).toHaveLength(5);
      expect(await sql('SELECT FROM outbox')).toHaveLength(5);
    });
  });

  describe('in the outbox', () => {
    async function relay(port: KafkaPort = kafka.port): Promise<void> {
      const session = await LockSession.open({
        url: db.database.server(0).url,
        applicationName: 'test',
        idleTimeoutMs: 60_000,
      });
      const stopping = new AbortController();
      const options = { port, topicPrefix: kafka.prefix, server: 'notes@0', logger: kafka.logger };
      const running = new OutboxRelay(options).run(session, stopping.signal);
      stops.push(async () => {
        stopping.abort();
        await running;
        await session.close();
      });
    }

    const put = (lengths: readonly number[]): Promise<void> =>
      db.database.transaction(0, async (tx) => {
        for (const [n, length] of lengths.entries()) {
          const data = { name: 'n', text: 'x'.repeat(length) };
          await writeOutbox(tx, 0, [messageRow(notes.written, n + 1, data, { id: newId(), traceparent: undefined })]);
        }
      });

    it('all arrive, in order, and are read a few at a time', async () => {
      const lengths = [
        ...Array<number>(10).fill(300_000),
        ...Array<number>(20).fill(900_000),
        ...Array<number>(5).fill(MAX_RECORD_BYTES - AROUND),
      ];
      await put(lengths);
      /** Bytes of each transaction. */
      const sent: number[] = [];
      const transactional: KafkaPort['transactional'] = async (id) => {
        const producer = await kafka.port.transactional(id);
        const begin = async () => {
          const transaction = await producer.begin();
          const nth = sent.push(0) - 1;
          const send = (records: readonly OutgoingRecord[]) => {
            for (const { value } of records) sent[nth]! += value?.length ?? 0;
            return transaction.send(records);
          };
          return { ...transaction, send };
        };
        return { begin, close: () => producer.close() };
      };
      await relay({ transactional } as KafkaPort);
      const { records, follower } = await kafka.reader('notes.events');
      await eventually(() => expect(records).toHaveLength(lengths.length));
      await eventually(async () => expect(await sql('SELECT FROM outbox')).toEqual([]));
      expect(records.map(({ headers }) => Number(headers['version']))).toEqual(lengths.map((_, n) => n + 1));
      expect(Math.max(...sent)).toBeLessThan(9_100_000);
      await follower.close();
    });
  });

  describe('that are read', () => {
    const record = (topic: string, name: string | Buffer, value: string, version = 1): OutgoingRecord => ({
      topic: `${kafka.prefix}notes.${topic}`,
      key: name,
      value,
      headers: { id: newId(), type: topic === 'events' ? 'written' : 'text', version: String(version), v: '1' },
    });
    const note = (name: string, length: number): string => JSON.stringify({ name, text: 'x'.repeat(length) });

    /** Each by itself: how batches are cut is not what is tested here. */
    async function send(records: readonly OutgoingRecord[]): Promise<void> {
      for (const one of records) await kafka.port.produce([{ ...one, partition: 0 }], 'all');
    }

    async function deadLettersOf(many: number) {
      const { records, follower } = await kafka.reader('listener.dead-letters');
      await eventually(() => expect(records).toHaveLength(many));
      await follower.close();
      return records;
    }

    it('go to the dead letters cut when they are unreadable events, and hold up nothing', async () => {
      const seen: string[] = [];
      const on = async ({ name }: { name: string }): Promise<void> => void seen.push(name);
      const subscriptions = new SubscriptionTable<EventSubscription>([
        { message: notes.written, handler: { on: on as never } },
      ]);
      const delivery = new EventDelivery({ database: db.database, subscriptions });
      const messaging = kafka.optionsOf('listener');
      const options = { port: kafka.port, database: db.database, messaging, delivery, subscriptions, retryMs: 10 };
      const consumer = new EventConsumer(options);
      consumer.start();
      stops.push(() => consumer.stop());
      const full = 'x'.repeat(1_048_300);
      await send([
        record('events', 'n', full),
        // No index takes such a key, and no text the other.
        record('events', randomBytes(4_500).toString('hex'), note('long', 1)),
        record('events', Buffer.from('a\0b'), '{}'),
        record('events', 'after', note('after', 10)),
      ]);
      await eventually(() => expect(seen).toEqual(['after']));
      const letters = await deadLettersOf(3);
      const [large] = letters.filter(({ headers }) => headers['dead-cut'] === 'value');
      expect(large?.headers).toMatchObject({ type: 'written', 'dead-size': '1048300' });
      await eventually(async () => expect(await sql('SELECT key FROM parked_events')).toEqual([{ key: 'n' }]));
      const { topicPrefix } = messaging;
      await eventually(async () => {
        const committed = await kafka.port.admin.committedOffsets(
          `${topicPrefix}listener.events:notes.written`,
          `${topicPrefix}notes.events`,
        );
        expect(committed[0]).toBe(4);
      });
    });

    it('are copied a few at a time when they are states, and left out cut when they are unreadable', async () => {
      const applied: number[] = [];
      const apply = async (_: unknown, states: readonly KeyState<typeof notes.text>[]): Promise<void> => {
        applied.push(states.reduce((sum, { data }) => sum + (data?.text.length ?? 0), 0));
      };
      const subscriptions = new SubscriptionTable<StateSubscription>([
        { message: notes.text, handler: { apply: apply as never } },
      ]);
      const messaging = kafka.optionsOf('listener');
      const lengths = Array<number>(20).fill(1_000_000);
      await send([
        record('states', 'bad', 'x'.repeat(1_048_300)),
        ...lengths.map((length, n) => record('states', `n${n}`, note(`n${n}`, length))),
      ]);
      const stopping = new AbortController();
      const follower = new StateFollower({
        port: kafka.port,
        messaging,
        server: db.database.server(0),
        subscriptions,
        isTransient: (error) => db.database.isTransient(error),
      }).run(stopping.signal);
      stops.push(async () => {
        stopping.abort();
        await follower;
      });
      await eventually(() => expect(applied.reduce((sum, bytes) => sum + bytes, 0)).toBe(20_000_000));
      expect(Math.max(...applied)).toBeLessThan(4_200_000);
      const [letter] = await deadLettersOf(1);
      expect(letter?.headers).toMatchObject({ type: 'text', 'dead-cut': 'value', 'dead-size': '1048300' });
    });
  });
});
