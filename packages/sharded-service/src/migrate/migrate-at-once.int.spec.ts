import { randomBytes } from 'node:crypto';
import { bucketsByShard } from '@stoa/sharding/testing';
import { MapClient } from '@stoa/sharding';
import { testDatabase, type TestDatabase } from '@stoa/testing';
import { Client } from 'pg';
import { notesKeyspace, type Notes } from '../../test/notes.js';
import { migrateKeyspace } from './migrate-keyspace.js';

const ROUNDS = 4;
const KEYSPACES = ['notes', 'letters'];
const AT_ONCE = 10;

let notes: Notes;

beforeAll(async () => {
  notes = await notesKeyspace();
});
afterAll(() => notes.remove());

async function run(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(text).finally(() => client.end());
}

const asRole = (url: string, role: string): string => Object.assign(new URL(url), { username: role }).href;

/** Ten migrations of two services begin together, as those of a first start do. */
async function migrateAll(directory: TestDatabase, shards: readonly TestDatabase[], role: string): Promise<number> {
  const runs = Array.from({ length: AT_ONCE }, (_, n) => {
    const each = n % KEYSPACES.length;
    const add = shards.slice(each * 2, each * 2 + 2).map(({ url }, index) => {
      return { name: `shard${index + 1}`, url: asRole(url, role), adminUrl: url };
    });
    return migrateKeyspace({
      keyspace: { ...notes.keyspace, name: KEYSPACES[each] ?? '' },
      directoryAdminUrl: directory.url,
      directoryUrl: asRole(directory.url, role),
      add,
    });
  });
  const ended = await Promise.allSettled(runs);
  const failures = ended.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
  expect(failures).toEqual([]);
  return ended.reduce((sum, one) => sum + (one.status === 'fulfilled' ? one.value : 0), 0);
}

it.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
  'ten migrations at once make the directory and its keyspaces, round %s',
  async () => {
    const databases = await Promise.all(Array.from({ length: 5 }, () => testDatabase()));
    const [directory, ...shards] = databases;
    if (!directory) throw new Error('no database');
    const role = `service_${randomBytes(6).toString('hex')}`;
    await run(directory.url, `CREATE ROLE ${role} LOGIN`);
    try {
      // Four migrations on each of four databases, whoever applies them.
      expect(await migrateAll(directory, shards, role)).toBe(16);
      for (const keyspace of KEYSPACES) {
        const map = await MapClient.open({ keyspace, directoryUrl: directory.url });
        await map.close();
        const held = [...bucketsByShard(map.current)].map(([name, buckets]) => [name, buckets.length]);
        expect(held).toEqual([
          ['shard1', 512],
          ['shard2', 512],
        ]);
      }
    } finally {
      for (const { url } of shards) await run(url, `DROP OWNED BY ${role}`);
      await run(directory.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await Promise.all(databases.map((database) => database.drop()));
    }
  },
);
