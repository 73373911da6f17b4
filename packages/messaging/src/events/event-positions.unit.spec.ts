import { counter } from '../../test/support/counter.js';
import { type KafkaAdmin, KafkaError, type KafkaPort } from '@stoa/kafka';
import { EventPositions } from './event-positions.js';
import { SubscriptionTable, type EventSubscription } from '../subscriptions/subscription-table.js';

const GROUP = 'listener.events:counter.counted';

/** Three Kafka partitions, of which the first has no leader. */
const admin = (committed: readonly (number | null)[]): Partial<KafkaAdmin> => ({
  listGroups: async () => [GROUP],
  committedOffsets: async () => [...committed],
  endOffsets: async () => [-1, 50, 60],
  beginningOffsets: async () => [-1, 5, 6],
  offsetsSince: async () => {
    throw new KafkaError('RETRIABLE', 'nobody leads it');
  },
});

const startOf = async (committed: readonly (number | null)[]): Promise<number[]> => {
  const handler = { on: async () => undefined };
  const positions = new EventPositions({
    port: { admin: admin(committed) } as unknown as KafkaPort,
    messaging: { topicPrefix: '', service: 'listener' },
    database: {} as never,
    subscriptions: new SubscriptionTable<EventSubscription>([{ message: counter.counted, handler }]),
  });
  const partitions = [0, 1, 2].map((partition) => ({ topic: 'counter.events', partition }));
  return (await positions.startFrom(partitions)).map(({ offset }) => offset);
};

describe('where events go on while a Kafka partition has no leader', () => {
  it('is what was committed, also of that one', async () => {
    expect(await startOf([7, 10, 20])).toEqual([7, 10, 20]);
  });

  it('is the beginning where nothing was committed', async () => {
    expect(await startOf([7, null, 20])).toEqual([7, 5, 20]);
    expect(await startOf([null, 10, 20])).toEqual([0, 10, 20]);
  });

  it('is not what was committed of a former topic', async () => {
    expect(await startOf([7, 51, 20])).toEqual([7, 5, 20]);
  });
});
