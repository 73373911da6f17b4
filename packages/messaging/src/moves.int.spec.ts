import { testDatabase } from '@stoa/testing';
import { messagingDatabase, type TestMessagingDatabase } from '../test/support/messaging-database.js';
import { SimplePgDatabase } from '../test/support/pg-database.js';
import { moveHooks } from './moves.js';
import { advance, ensureOffsets } from './states/state-offsets.js';

describe('what a mover asks of messaging', () => {
  let db: TestMessagingDatabase;
  beforeEach(async () => {
    db = await messagingDatabase({ servers: 2 });
  });
  afterEach(() => db.drop());

  const caughtUp = (): Promise<boolean> =>
    db.database
      .server(0)
      .transaction((source) =>
        db.database.server(1).transaction((destination) => moveHooks.caughtUp(source, destination)),
      );
  const reach = (server: number, next: number, partition = 1): Promise<void> =>
    db.database.server(server).transaction(async (tx) => {
      await ensureOffsets(tx, 'catalog.states', 2);
      await advance(tx, [{ topic: 'catalog.states', partition, expected: 0, next }]);
    });

  it('is a destination whose copies of states have come as far as the source', async () => {
    expect(await caughtUp()).toBe(true);
    await reach(0, 1_000);
    expect(await caughtUp()).toBe(false);
    await reach(1, 999);
    expect(await caughtUp()).toBe(false);
    await db.database.server(1).rows('UPDATE state_offsets SET next_offset = next_offset + 1');
    expect(await caughtUp()).toBe(true);
    await reach(0, 5, 0);
    expect(await caughtUp()).toBe(false);
  });

  it('waits for no copy that nobody follows any more, while others are followed', async () => {
    const note = (server: number, copy: string, next: number, minutesAgo: number): Promise<unknown> =>
      db.database.server(server).rows(
        `INSERT INTO state_offsets (topic, kafka_partition, next_offset, updated_at)
          VALUES ($1, 0, $2, now() - make_interval(mins => $3))`,
        [copy, next, minutesAgo],
      );
    await note(0, 'catalog.states#variant', 1_000, 0);
    await note(0, 'catalog.states#given-up', 900, 11);
    expect(await caughtUp()).toBe(false);
    await note(1, 'catalog.states#variant', 1_000, 0);
    expect(await caughtUp()).toBe(true);
    await note(0, 'catalog.states#new', 5, 9);
    expect(await caughtUp()).toBe(false);
  });

  it('waits for copies that do not advance because no clone runs', async () => {
    await reach(0, 1_000);
    await db.database.server(0).rows(`UPDATE state_offsets SET updated_at = now() - interval '6 days'`);
    expect(await caughtUp()).toBe(false);
  });

  it('says yes for data that follow no states', async () => {
    const plain = await testDatabase();
    const other = new SimplePgDatabase([plain.url]);
    const isCaughtUp = other.server(0).transaction((sql) => moveHooks.caughtUp(sql, sql));
    await expect(isCaughtUp).resolves.toBe(true);
    await other.close();
    await plain.drop();
  });

  it('makes the leader of a database empty its outbox', async () => {
    const listener = await db.database.server(0).pool.connect();
    const heard = new Promise((resolve) => listener.once('notification', ({ channel }) => resolve(channel)));
    await listener.query('LISTEN stoa_outbox');
    await db.database.server(0).transaction((tx) => moveHooks.flushQueues(tx));
    expect(await heard).toBe('stoa_outbox');
    listener.release(true);
  });
});
