import { eventually } from '@stoa/testing';
import { testKafka, type TestKafka } from '../../test/support/kafka.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { messages, recordOf } from '../../test/support/versions.js';
import type { KafkaRecord } from '@stoa/kafka';
import type { EventStart } from '../api/subscriptions.js';
import { EventPositions } from './event-positions.js';
import { SubscriptionTable, type EventSubscription } from '../subscriptions/subscription-table.js';

type Type = 'counted' | 'doubled' | 'tripled';

describe('EventPositions', () => {
  let kafka: TestKafka;
  let db: TestMessagingDatabase;
  let topic: string;

  beforeEach(async () => {
    kafka = await testKafka('counter');
    db = await messagingDatabase();
    topic = `${kafka.prefix}counter.events`;
  });
  afterEach(async () => {
    await kafka.close();
    await db.drop();
  });

  function positionsOf(...types: (Type | [Type, EventStart])[]): EventPositions {
    const subscriptions = types.map((type): EventSubscription => {
      const [name, from] = Array.isArray(type) ? type : [type, 'earliest' as const];
      return { message: messages[name], handler: { on: async () => undefined }, from };
    });
    const { port } = kafka;
    const messaging = kafka.optionsOf('listener');
    return new EventPositions({
      port,
      messaging,
      database: db.database,
      subscriptions: new SubscriptionTable(subscriptions),
    });
  }

  /** Ten records of each Kafka partition. */
  async function fill(): Promise<void> {
    const records = Array.from({ length: 30 }, (_, n) => recordOf(kafka.prefix, 'counted', `key-${n}`, 1));
    await kafka.port.produce(
      records.map((record, n) => ({ ...record, partition: n % 3 })),
      'all',
    );
  }

  /** Commits as a clone with these events would. */
  async function commit(positions: EventPositions, partition: number, offset: number): Promise<void> {
    const member = await kafka.port.consumeGroup({
      groupId: positions.groupId,
      topics: [topic],
      isolation: 'committed',
      startAt: 'beginning',
      onRecords: () => undefined,
    });
    await eventually(async () => {
      await member.commit([{ topic, partition, offset }]);
      expect((await kafka.port.admin.committedOffsets(positions.groupId, topic))[partition]).toBe(offset);
    });
    await member.close();
  }

  const ALL = [0, 1, 2];
  const offsetsOf = async (positions: EventPositions): Promise<number[]> => {
    await positions.begin();
    const starts = await positions.startFrom(ALL.map((partition) => ({ topic, partition })));
    return starts.map(({ offset }) => offset);
  };
  const isPassed = (positions: EventPositions, type: Type, partition: number, offset: number): boolean =>
    positions.isPassed({ topic, partition, offset, headers: { type } } as unknown as KafkaRecord);

  it('begins with the oldest event that is kept, and goes on where its own group was', async () => {
    await fill();
    const positions = positionsOf('counted');
    expect(await offsetsOf(positions)).toEqual([0, 0, 0]);
    await commit(positions, 1, 7);
    expect(await offsetsOf(positions)).toEqual([0, 7, 0]);
  });

  it('goes on where any group with the subscription was, and reads what is new to it from its beginning', async () => {
    await fill();
    await commit(positionsOf('counted'), 0, 6);
    await commit(positionsOf('counted', 'tripled'), 0, 8);
    await commit(positionsOf('tripled'), 0, 9);
    expect(await offsetsOf(positionsOf('counted'))).toEqual([8, 0, 0]);
    const both = positionsOf('counted', 'doubled');
    expect(await offsetsOf(both)).toEqual([0, 0, 0]);
    expect([7, 8].map((offset) => isPassed(both, 'counted', 0, offset))).toEqual([true, false]);
    expect(isPassed(both, 'counted', 1, 0)).toBe(false);
    expect(isPassed(both, 'doubled', 0, 0)).toBe(false);
    await commit(both, 0, 3);
    const later = positionsOf('doubled', 'counted');
    expect(await offsetsOf(later)).toEqual([3, 0, 0]);
    expect([7, 8].map((offset) => isPassed(later, 'counted', 0, offset))).toEqual([true, false]);
  });

  it('begins `now` once, whoever comes first, and at the first record of a Kafka partition that is added later', async () => {
    await fill();
    const first = positionsOf(['tripled', 'now']);
    const second = positionsOf(['tripled', 'now'], 'counted');
    await Promise.all([first.begin(), second.begin()]);
    await fill();
    expect(await offsetsOf(first)).toEqual([10, 10, 10]);
    expect(await offsetsOf(second)).toEqual([0, 0, 0]);
    expect([9, 10].map((offset) => isPassed(second, 'tripled', 2, offset))).toEqual([true, false]);
    expect(await offsetsOf(positionsOf('doubled', ['tripled', 'now']))).toEqual([0, 0, 0]);
    await db.database.server(0).rows("DELETE FROM event_versions WHERE key = '2'"); // as if it had not been there
    expect(await offsetsOf(positionsOf(['tripled', 'now']))).toEqual([10, 10, 0]);
  });

  it('takes a subscription that has begun for no new one when it says `now` later', async () => {
    await fill();
    await commit(positionsOf('counted'), 0, 4);
    expect(await offsetsOf(positionsOf(['counted', 'now']))).toEqual([4, 0, 0]);
  });

  it('begins anew where a committed offset lies beyond the end: the topic is another one of the same name', async () => {
    await fill();
    await commit(positionsOf('counted'), 0, 11);
    expect(await offsetsOf(positionsOf('counted'))).toEqual([0, 0, 0]);
  });
});
