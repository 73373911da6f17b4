import { eventually } from '@stoa/testing';
import { memoryLogger } from '../../test/storage/kafka.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/storage/messaging-database.js';
import { keepHouse } from './housekeeping.js';
import { LockSession } from './lock-session.js';

describe('keepHouse', () => {
  let db: TestMessagingDatabase;
  let session: LockSession;

  beforeAll(async () => {
    db = await messagingDatabase();
    // Long beside what a busy machine may hold up a beat.
    const options = { applicationName: 'test', idleTimeoutMs: 60_000 };
    session = await LockSession.open({ url: db.database.server(0).url, ...options });
  });
  afterAll(async () => {
    await session.close();
    await db.drop();
  });

  it('purges replies after 48 hours and versions after 8 days, in batches, and nothing else', async () => {
    const server = db.database.server(0);
    const hours = [0, 24, 47, 49, 72, 191, 193, 400];
    await server.rows(
      `INSERT INTO inbox (bucket, command_id, key, body_hash, status, reply, created_at)
       SELECT h % 5, gen_random_uuid(), h::text, '', 'ok', '{}', now() - make_interval(hours => h) FROM unnest($1::int[]) AS h`,
      [hours],
    );
    await server.rows(
      `INSERT INTO event_versions (bucket, topic, type, key, version, updated_at)
       SELECT 0, 't', 'e', h::text, 1, now() - make_interval(hours => h) FROM unnest($1::int[]) AS h`,
      [hours],
    );
    const stopping = new AbortController();
    const options = { server: 'test', logger: memoryLogger(), everyMs: 10, batchSize: 2 };
    const running = keepHouse(options, session, stopping.signal);
    const left = async (table: string) =>
      (await server.rows<{ key: number }>(`SELECT key::int FROM ${table} ORDER BY 1`)).map(({ key }) => key);
    await eventually(async () => {
      expect(await left('inbox')).toEqual([0, 24, 47]);
      expect(await left('event_versions')).toEqual([0, 24, 47, 49, 72, 191]);
    });
    stopping.abort();
    await running;
  });

  it('finds old replies by the index, however many there are', async () => {
    const server = db.database.server(0);
    await server.rows(
      `INSERT INTO inbox (bucket, command_id, key, body_hash) SELECT 0, gen_random_uuid(), 'k', '' FROM generate_series(1, 5000)`,
    );
    await server.rows('ANALYZE inbox');
    const plan = await server.rows<{ 'QUERY PLAN': string }>(
      "EXPLAIN SELECT ctid FROM inbox WHERE created_at < now() - interval '48 hours' ORDER BY created_at LIMIT 500",
    );
    expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toContain('inbox_created_at');
  });
});
