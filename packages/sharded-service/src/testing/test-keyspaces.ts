import { randomBytes } from 'node:crypto';
import type { Shard } from '@stoa/sharding';
import { testDatabase, type TestDatabase } from '@stoa/testing';
import { Client } from 'pg';
import type { Keyspace } from '../keyspace.js';
import { migrateKeyspace } from '../migrate/migrate-keyspace.js';

export { migrateKeyspace };

const PASSWORD = 'only for this test';

/** Sharded data of one test file: a directory and a database per keyspace and shard, migrated and fenced. */
export interface TestKeyspaces {
  /** As services read the map. */
  readonly directoryUrl: string;
  /** As operators and movers do. */
  readonly directoryAdminUrl: string;
  readonly shards: ReadonlyMap<string, readonly Shard[]>;
  /** Runs a statement, as the owner, on all shards of a keyspace. @returns the rows of all of them. */
  rows<Row = Record<string, unknown>>(keyspace: string, text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The name of the shard that owns a bucket; undefined: none does, because it is being moved. */
  shardOf(keyspace: string, bucket: number): Promise<string | undefined>;
  /**
   * Runs `work` while the rows that a statement locks (`SELECT … FOR UPDATE`) are locked on all shards of a keyspace.
   * @throws what `work` throws
   */
  whileLocked(keyspace: string, text: string, values: readonly unknown[], work: () => Promise<void>): Promise<void>;
  drop(): Promise<void>;
}

/**
 * Makes keyspaces on the tests' Postgres, each spread evenly over `shard1`, `shard2` …: databases of one server, which
 * for routing and the fence is the same as servers of their own.
 */
export async function testKeyspaces(keyspaces: readonly Keyspace[], { shards = 2 } = {}): Promise<TestKeyspaces> {
  const role = `service_${randomBytes(6).toString('hex')}`;
  const databases: TestDatabase[] = [];
  const create = async (): Promise<string> => {
    const database = await testDatabase();
    databases.push(database);
    return database.url;
  };
  const directoryAdminUrl = await create();
  const directoryUrl = asRole(directoryAdminUrl, role);
  await run(directoryAdminUrl, `CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`);
  const made = new Map<string, readonly Shard[]>();
  for (const keyspace of keyspaces) {
    const add: Shard[] = [];
    for (let n = 1; n <= shards; n += 1) {
      const adminUrl = await create();
      add.push({ name: `shard${n}`, adminUrl, url: asRole(adminUrl, role) });
    }
    await migrateKeyspace({ keyspace, directoryAdminUrl, directoryUrl, add });
    made.set(keyspace.name, add);
  }
  const urlsOf = (keyspace: string): string[] => (made.get(keyspace) ?? []).map(({ adminUrl }) => adminUrl);
  return {
    directoryUrl,
    directoryAdminUrl,
    shards: made,
    rows: (keyspace, text, values) => rowsOf(urlsOf(keyspace), text, values),
    shardOf: async (keyspace, bucket) => (await rowsOf<{ shard: string }>(urlsOf(keyspace), OWNER, [bucket]))[0]?.shard,
    whileLocked: (keyspace, text, values, work) => whileLocked(urlsOf(keyspace), text, values, work),
    drop: async () => {
      for (const database of databases.slice(1)) await database.drop();
      await run(directoryAdminUrl, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await databases[0]?.drop();
    },
  };
}

const OWNER = `SELECT i.shard FROM sharding.identity AS i, sharding.bucket_owner AS o
  WHERE o.bucket = $1 AND o.state = 'owned'`;

const rowsOf = async <Row>(urls: readonly string[], text: string, values?: readonly unknown[]): Promise<Row[]> =>
  (await Promise.all(urls.map((url) => run<Row>(url, text, values)))).flat();

async function whileLocked(
  urls: readonly string[],
  text: string,
  values: readonly unknown[],
  work: () => Promise<void>,
): Promise<void> {
  const lockers = urls.map((connectionString) => new Client({ connectionString }));
  try {
    for (const locker of lockers) {
      await locker.connect();
      await locker.query('BEGIN');
      await locker.query(text, [...values]);
    }
    await work();
  } finally {
    await Promise.all(lockers.map((locker) => locker.end()));
  }
}

async function run<Row>(url: string, text: string, values?: readonly unknown[]): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values as unknown[] | undefined)).rows as Row[];
  } finally {
    await client.end();
  }
}

function asRole(url: string, role: string): string {
  const own = new URL(url);
  own.username = role;
  own.password = PASSWORD;
  return own.href;
}
