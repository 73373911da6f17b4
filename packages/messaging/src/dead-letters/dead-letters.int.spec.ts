import type { Database } from '@stoa/postgres';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { DeadLetters, type ParkedPage } from './dead-letters.js';
import { EventDelivery } from '../events/event-delivery.js';
import { SubscriptionTable } from '../subscriptions/subscription-table.js';

describe('the list of dead letters', () => {
  let db: TestMessagingDatabase;
  beforeEach(async () => {
    db = await messagingDatabase({ servers: 2 });
  });
  afterEach(() => db.drop());

  const park = (server: number, bucket: number, count: number): Promise<unknown> =>
    db.database.server(server).rows(
      `INSERT INTO parked_events (bucket, id, topic, kafka_partition, kafka_offset, type, key, version, headers, reason, attempts) OVERRIDING SYSTEM VALUE
       SELECT $1::int, n, 'shop.events', 0, n + 100 * $1::int, 'sold', 'key', n, '{}', 'poison', 1 FROM generate_series(1, $2::int) AS n`,
      [bucket, count],
    );
  /** Where each bucket is, as a keyspace's map says. */
  const placed = (serverOf: (bucket: number) => number): DeadLetters => {
    const { database } = db;
    const sharded: Database = {
      transaction: (bucket, work) => database.server(serverOf(bucket)).transaction(work),
      transactionOver: ([bucket = 0], work) => database.server(serverOf(bucket)).transaction(work),
      servers: () => database.servers(),
      serverNameOf: (bucket) => database.server(serverOf(bucket)).name,
      bucketOf: () => 0,
      isTransient: () => false,
    };
    return new DeadLetters(sharded, new EventDelivery({ database: sharded, subscriptions: new SubscriptionTable([]) }));
  };
  const all = async (deadLetters: DeadLetters, limit: number): Promise<string[]> => {
    const found: string[] = [];
    for (let page: ParkedPage | undefined; page?.next !== null;) {
      page = await deadLetters.list(limit, page?.next);
      found.push(...page.items.map(({ bucket, id }) => `${bucket}-${id}`));
    }
    return found;
  };

  it('has each event once while its bucket has rows on two shards', async () => {
    await park(0, 1, 3);
    // Being copied to the second server; and moved there, but not purged yet.
    await park(1, 1, 2);
    await park(0, 2, 4);
    await park(1, 2, 4);
    await park(1, 3, 1);
    const expected = ['1-1', '1-2', '1-3', '2-1', '2-2', '2-3', '2-4', '3-1'];
    const deadLetters = placed((bucket) => (bucket === 1 ? 0 : 1));
    expect(await all(deadLetters, 100)).toEqual(expected);
    expect(await all(deadLetters, 2)).toEqual(expected);
    expect(await all(deadLetters, 1)).toEqual(expected);
  });
});
