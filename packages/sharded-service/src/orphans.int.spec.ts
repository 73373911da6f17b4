import { purgeExpired } from '@stoa/messaging/testing';
import { createLogger } from '@stoa/service';
import { bucketOf } from '@stoa/sharding/testing';
import { eventually } from '@stoa/testing';
import { Client } from 'pg';
import type { Sql } from '@stoa/postgres';
import { notesKeyspace, type Notes } from '../test/notes.js';
import { migrateKeyspace } from './migrate/migrate-keyspace.js';
import { testKeyspaces, type TestKeyspaces } from './testing/test-keyspaces.js';

// Buckets 0 to 511 are on shard1, the others on shard2.
const [HERE, ELSEWHERE] = [7, 700];
const OLD_ROWS = 5_000;

describe('rows of a bucket that a shard does not own', () => {
  let notes: Notes;
  let data: TestKeyspaces;
  const clients: Client[] = [];
  const connect = async (as: 'url' | 'adminUrl'): Promise<Client> => {
    const client = new Client({ connectionString: data.shards.get('notes')?.[0]?.[as] ?? '' });
    clients.push(client);
    await client.connect();
    return client;
  };
  const keyIn = (low: number, high: number): string => {
    for (let n = 0; ; n += 1) if (bucketOf(`k${n}`) >= low && bucketOf(`k${n}`) < high) return `k${n}`;
  };

  beforeEach(async () => {
    notes = await notesKeyspace();
    data = await testKeyspaces([notes.keyspace]);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
    await data.drop();
    await notes.remove();
  });

  it('do not keep housekeeping from purging what the shard owns', async () => {
    const owner = await connect('adminUrl');
    await owner.query('SET session_replication_role = replica');
    // The orphans are the oldest, so that every batch meets them.
    const reply = `INSERT INTO inbox (bucket, command_id, key, body_hash, created_at)
      SELECT $1, gen_random_uuid(), 'k', '', now() - make_interval(hours => $2) FROM generate_series(1, $3)`;
    await owner.query(reply, [ELSEWHERE, 100, 3]);
    await owner.query(reply, [HERE, 90, OLD_ROWS]);
    await owner.query(reply, [HERE, 1, 2]);
    const version = `INSERT INTO event_versions VALUES ($1, 't', 'e', 'k', 1, now() - interval '400 hours')`;
    for (const bucket of [ELSEWHERE, HERE]) await owner.query(version, [bucket]);
    const service = await connect('url');
    const sql: Sql = {
      query: async <Row>(text: string, values?: readonly unknown[]) => {
        const { rows, rowCount } = await service.query(text, values as unknown[] | undefined);
        return { rows: rows as Row[], rowCount };
      },
    };
    const stopping = new AbortController();
    const logger = createLogger({ service: 'notes', clone: 'notes-1', level: 'silent' });
    const keeping = purgeExpired({ server: 'notes@shard1', logger, everyMs: 20 }, sql, stopping.signal);
    try {
      await eventually(async () => {
        const { rows } = await owner.query(
          `SELECT bucket, count(*)::int AS left FROM (SELECT bucket FROM inbox UNION ALL SELECT bucket FROM event_versions)
           GROUP BY bucket ORDER BY bucket`,
        );
        expect(rows).toEqual([
          { bucket: HERE, left: 2 },
          { bucket: ELSEWHERE, left: 4 },
        ]);
      });
    } finally {
      stopping.abort();
      await keeping;
    }
  });

  it('do not make a migration fail, which leaves them as they are', async () => {
    const [here, elsewhere] = [keyIn(0, 512), keyIn(512, 1024)];
    const owner = await connect('adminUrl');
    await owner.query('SET session_replication_role = replica');
    for (const key of [here, elsewhere])
      await owner.query('INSERT INTO notes VALUES ($1, $2, $3)', [bucketOf(key), key, 'old']);
    await notes.addMigration(
      '003_shout',
      `UPDATE notes SET note = 'new';
       INSERT INTO notes (bucket, owner, note) SELECT bucket, owner, 'copy' FROM notes ON CONFLICT DO NOTHING`,
    );
    const { keyspace } = notes;
    expect(await migrateKeyspace({ keyspace, directoryAdminUrl: data.directoryAdminUrl })).toBe(2);
    const { rows } = await owner.query('SELECT owner, note FROM notes ORDER BY bucket');
    expect(rows).toEqual([
      { owner: here, note: 'new' },
      { owner: elsewhere, note: 'old' },
    ]);
  });

  it('are refused to a service, whatever it sets, and make a migration fail while they are being moved', async () => {
    const key = keyIn(0, 512);
    const [owner, service] = [await connect('adminUrl'), await connect('url')];
    await owner.query(`INSERT INTO notes (owner, note) VALUES ($1, 'old')`, [key]);
    const setState = `UPDATE sharding.bucket_owner SET state = $1 WHERE bucket = $2`;
    for (const client of [owner, service]) await client.query('SET sharding.pass_by = on');
    const update = `UPDATE notes SET note = 'new'`;
    for (const [state, code] of [
      ['gone', 'SH001'],
      ['fenced', 'SH002'],
      ['ready', 'SH002'],
    ]) {
      await owner.query(setState, [state, bucketOf(key)]);
      await expect(service.query(update)).rejects.toMatchObject({ code });
      if (state === 'gone') expect((await owner.query(update)).rowCount).toBe(0);
      else await expect(owner.query(update)).rejects.toMatchObject({ code });
    }
    await owner.query(setState, ['owned', bucketOf(key)]);
    expect((await owner.query(update)).rowCount).toBe(1);
  });
});
