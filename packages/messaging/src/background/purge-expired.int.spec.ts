import { eventually } from '@stoa/testing';
import { LockSession } from '@stoa/postgres';
import { memoryLogger } from '../../test/support/kafka.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { purgeExpired } from './purge-expired.js';

describe('purgeExpired', () => {
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
    const running = purgeExpired(options, session, stopping.signal);
    const left = async (table: string) =>
      (await server.rows<{ key: number }>(`SELECT key::int FROM ${table} ORDER BY 1`)).map(({ key }) => key);
    await eventually(async () => {
      expect(await left('inbox')).toEqual([0, 24, 47]);
      expect(await left('event_versions')).toEqual([0, 24, 47, 49, 72, 191]);
    });
    stopping.abort();
    await running;
  });

  it('goes through what has expired once, also while somebody holds an old snapshot', async () => {
    const server = db.database.server(0);
    await server.rows('TRUNCATE inbox, event_versions');
    await server.rows(
      `INSERT INTO inbox (bucket, command_id, key, body_hash, status, reply, created_at)
       SELECT 0, gen_random_uuid(), n::text, '', 'ok', '{}', now() - interval '3 days' + n * interval '1 ms'
       FROM generate_series(1, 2000) AS n`,
    );
    await server.rows(
      `INSERT INTO event_versions (bucket, topic, type, key, version, updated_at)
       SELECT 0, 't', 'e', n::text, 1, now() - CASE WHEN n > 2000 THEN interval '9 days' ELSE interval '0' END
       FROM generate_series(1, 4000) AS n`,
    );
    await server.rows('ANALYZE inbox, event_versions');
    const open = (applicationName: string): Promise<LockSession> =>
      LockSession.open({ url: server.url, applicationName, idleTimeoutMs: 60_000 });
    const [reader, leader] = [await open('reader'), await open('leader')];
    try {
      await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await reader.query('SELECT 1');
      const before = await readSoFar();
      const stopping = new AbortController();
      // After the first round: the next would find, and pass by, what the reader keeps.
      const logger = { ...memoryLogger(), info: (fields: object) => stopping.abort(fields) };
      await purgeExpired({ server: 'test', logger, everyMs: 10, batchSize: 50 }, leader, stopping.signal);
      expect(stopping.signal.reason).toEqual({ server: 'test', replies: 2_000, versions: 2_000, flows: 0 });
      // The statistics of a session are visible to all once it ends.
      await leader.close();
      await eventually(async () => expect((await readSoFar()).versions).toBeGreaterThan(before.versions));
      const after = await readSoFar();
      expect(after.replies - before.replies).toBeLessThan(3 * 2_000);
      expect(after.versions - before.versions).toBeLessThan(3 * 4_000);
    } finally {
      await Promise.all([leader.close(), reader.close()]);
    }
  });

  /** Index entries and rows that were read to find what has expired. */
  async function readSoFar(): Promise<{ replies: number; versions: number }> {
    const [row] = await db.database.server(0).rows<{ replies: number; versions: number }>(
      `SELECT (SELECT idx_tup_read::int FROM pg_stat_user_indexes WHERE indexrelname = 'inbox_created_at') AS replies,
         (SELECT seq_tup_read::int FROM pg_stat_user_tables WHERE relname = 'event_versions') AS versions`,
    );
    return row ?? { replies: 0, versions: 0 };
  }

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
