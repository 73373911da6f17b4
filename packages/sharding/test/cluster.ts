import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SessionLost, withSession, type Session } from '@stoa/postgres';
import { BUCKET_SQL } from '../src/map/bucket.js';
import { addShard, startKeyspace } from '../src/directory/keyspace.js';
import { grantDirectory, installDirectory, installShard, type ShardedTable } from '../src/installation/install.js';

export const KEYSPACE = 'shop';
export const TABLES: readonly ShardedTable[] = [
  { name: 'customers', kind: 'moved', keyColumn: 'id' },
  { name: 'orders', kind: 'moved', keyColumn: 'customer_id' },
  { name: 'visits', kind: 'moved', keyColumn: 'customer_id' },
  { name: 'outbox', kind: 'drained' },
];

export interface Cluster {
  readonly directoryUrl: string;
  /** The URL for services, which connect as a role that can't bypass the fence. */
  readonly serviceDirectoryUrl: string;
  readonly shards: ReadonlyMap<string, { readonly url: string; readonly adminUrl: string }>;
  /** Runs SQL as the owner of a shard. */
  admin<Row>(shard: string, text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** Makes a keyspace with a shard on each server (`a`, `b`, `c` …), spread over those of `holding`. */
export async function makeCluster(
  servers: readonly string[],
  holding: readonly string[] = ['a', 'b'],
): Promise<Cluster> {
  const tag = randomBytes(4).toString('hex');
  const role = `service_${tag}`;
  const first = servers[0] ?? '';
  const directoryUrl = await createDatabase(first, `directory_${tag}`, role);
  await connected(() => installDirectory(directoryUrl));
  await connected(() => grantDirectory(directoryUrl, role));
  const shards = new Map<string, { url: string; adminUrl: string }>();
  for (const [index, server] of servers.entries()) {
    const name = String.fromCodePoint(97 + index);
    const adminUrl = await createDatabase(server, `shard_${name}_${tag}`, role);
    const schema = await readFile(join(import.meta.dirname, 'schema.sql'), 'utf8');
    await onServer(adminUrl, async (session) => {
      await session.query(BUCKET_SQL);
      await session.query(schema);
    });
    await connected(() =>
      installShard({ url: adminUrl, keyspace: KEYSPACE, shard: name, tables: TABLES, serviceRole: role }),
    );
    const url = asRole(adminUrl, role);
    shards.set(name, { url, adminUrl });
    await connected(() => addShard(directoryUrl, KEYSPACE, { name, url, adminUrl }));
  }
  await connected(() => startKeyspace(directoryUrl, KEYSPACE, holding));
  const admin = async <Row>(shard: string, text: string, values?: readonly unknown[]): Promise<Row[]> => {
    const url = shards.get(shard)?.adminUrl ?? '';
    return onServer(url, async (session) => (await session.query<Row>(text, values)).rows);
  };
  return { directoryUrl, serviceDirectoryUrl: asRole(directoryUrl, role), shards, admin };
}

/**
 * Tries work again whose connection a busy machine did not make in time: nothing was done over it.
 */
async function connected<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SessionLost) || !/timeout expired/.test(String(error.cause))) throw error;
    }
  }
}

const onServer = <T>(url: string, work: (session: Session) => Promise<T>): Promise<T> =>
  connected(() => withSession({ url, server: 'a test server', application: 'test' }, work));

async function createDatabase(server: string, name: string, role: string): Promise<string> {
  await onServer(server, async (session) => {
    await session.query(`CREATE DATABASE ${name}`);
    const { rowCount } = await session.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
    if (rowCount === 0) await session.query(`CREATE ROLE ${role} LOGIN PASSWORD 'service'`);
  });
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

function asRole(adminUrl: string, role: string): string {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = 'service';
  // A test process that pauses for a second is no frozen service.
  url.searchParams.set('idle_in_transaction_session_timeout', '20000');
  return url.href;
}
