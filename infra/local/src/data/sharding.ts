import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { CliError } from '@stoa/cli';
import type { Directory } from '../plan/context.js';
import { asSuperuser, createDatabase, ensureDatabase, ensureRole, inDatabase, plain, serviceUrl } from './databases.js';
import type { Sharded } from '../plan/setup.js';

const DIRECTORY = 'directory';

/** Creates the database of the shard map if it is missing, and a role that may read it for each of these services. */
export async function ensureDirectory(adminUrl: string, apps: readonly string[], password: string): Promise<Directory> {
  const ownerUrl = await ensureDatabase(adminUrl, DIRECTORY, password);
  await asSuperuser(adminUrl, async (client) => {
    for (const role of apps.map(plain)) {
      await ensureRole(client, role, password);
      await client.query(`GRANT CONNECT ON DATABASE ${DIRECTORY} TO ${client.escapeIdentifier(role)}`);
    }
  });
  return { adminUrl: ownerUrl, urlFor: (app) => serviceUrl(adminUrl, plain(app), password, DIRECTORY) };
}

/** A shard of a keyspace with its number of buckets, as in the shard map. */
export interface MappedShard {
  shard: string;
  keyspace: string;
  buckets: number;
}

/** All shards of all keyspaces; none before the map exists. */
export async function mappedShards(directoryUrl: string): Promise<MappedShard[]> {
  const client = new Client({ connectionString: directoryUrl, connectionTimeoutMillis: 3_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows: found } = await client.query<{ exists: boolean }>(
      `SELECT to_regclass('sharding.bucket_map') IS NOT NULL AS exists`,
    );
    if (!found[0]?.exists) return [];
    const { rows } = await client.query<MappedShard>(
      `SELECT shard, keyspace, (SELECT count(*)::int FROM sharding.bucket_map AS m
         WHERE (m.keyspace, m.shard) = (s.keyspace, s.shard)) AS buckets
       FROM sharding.shards AS s ORDER BY length(shard), shard, keyspace`,
    );
    return rows;
  } finally {
    await client.end();
  }
}

/**
 * The embedded shard servers to run, by keyspace: those of the map, or as many as were asked for. A keyspace without
 * buckets (its first start was cut short, or it came with a later release) gets those that the others have.
 * @throws CliError when fewer were asked for than the map needs
 */
export async function shardServers(
  directory: Directory,
  { keyspaces, asked, usual }: Sharded,
  stateDir: string,
): Promise<Map<string, string[]>> {
  const mapped = (await mappedShards(directory.adminUrl)).filter(
    // A shard that was added by its URL is not embedded.
    ({ shard, keyspace }) => keyspaces.includes(keyspace) && existsSync(join(stateDir, 'data', `postgres-${shard}`)),
  );
  const wanted = asked === undefined ? undefined : numbered(asked);
  if (wanted) refuseFewer(mapped, wanted);
  const filled = new Set(mapped.filter(({ buckets }) => buckets > 0).map(({ keyspace }) => keyspace));
  const known = [...new Set(mapped.filter(({ keyspace }) => filled.has(keyspace)).map(({ shard }) => shard))];
  const first = known.length > 0 ? known : numbered(usual);
  const mappedOf = (name: string): string[] =>
    mapped.filter(({ keyspace }) => keyspace === name).map(({ shard }) => shard);
  return new Map(keyspaces.map((name) => [name, wanted ?? (filled.has(name) ? mappedOf(name) : first)]));
}

function refuseFewer(mapped: readonly MappedShard[], wanted: readonly string[]): void {
  const missing = mapped.find(({ shard }) => !wanted.includes(shard));
  if (!missing) return;
  const { shard, keyspace } = missing;
  const held = mapped.find((each) => each.shard === shard && each.buckets > 0);
  const [state, way] = held
    ? [`holds ${held.buckets} buckets of ${held.keyspace}`, `npm run shards -- drain ${shard}`]
    : [`belongs to the shards of ${keyspace}`, `npm run shards -- remove ${shard}`];
  const less = `--shards ${wanted.length} leaves out ${shard}`;
  throw new CliError(`${less}, which ${state}: start with it, and take it out by ${way}`);
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `shard${n + 1}`);

/** A shard as the migrations of its keyspace take it. */
export interface EmbeddedShard {
  name: string;
  url: string;
  adminUrl: string;
}

/**
 * Creates the databases of the keyspaces on a shard server, and for each a role that owns nothing there: the owner of a
 * table could remove its fence.
 * @returns the shards by keyspace @throws CliError for data from before there were shards
 */
export async function ensureShard(
  shard: string,
  adminUrl: string,
  keyspaces: readonly string[],
  password: string,
): Promise<Map<string, EmbeddedShard>> {
  return asSuperuser(adminUrl, async (client) => {
    const shards = new Map<string, EmbeddedShard>();
    const { rows } = await client.query<{ superuser: string }>('SELECT current_user AS superuser');
    const superuser = rows[0]?.superuser ?? '';
    for (const keyspace of keyspaces) {
      const name = plain(keyspace);
      await ensureRole(client, name, password);
      if ((await createDatabase(client, name, superuser)) !== superuser) {
        throw new CliError('the data are of a release that knew no shards: npm run reset drops them');
      }
      await client.query(
        `GRANT CONNECT ON DATABASE ${client.escapeIdentifier(name)} TO ${client.escapeIdentifier(name)}`,
      );
      const url = serviceUrl(adminUrl, name, password, name);
      shards.set(keyspace, { name: shard, url, adminUrl: inDatabase(adminUrl, name) });
    }
    return shards;
  });
}
