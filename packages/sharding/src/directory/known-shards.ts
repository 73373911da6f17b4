import { codeOf, withSession, type Session, type Sql } from '@stoa/postgres';
import { OperationRefused } from '../errors.js';

/** A shard of one keyspace, as recorded in the directory. */
export interface KnownShard {
  readonly keyspace: string;
  readonly shard: string;
  /** The URL for services. It holds a secret. */
  readonly url: string;
  /** The URL for movers. It holds a secret. */
  readonly adminUrl: string;
  /** A rebalance moves nothing to it: it is being emptied, or is empty. */
  readonly draining: boolean;
  /** The number of its buckets by the map. */
  readonly buckets: number;
}

const APPLICATION = 'sharding-operator';

/** Runs work on a session with the directory. @throws OperationRefused where no directory is at that address. */
export async function onDirectory<T>(directoryUrl: string, work: (directory: Session) => Promise<T>): Promise<T> {
  try {
    return await withSession({ url: directoryUrl, server: 'the directory', application: APPLICATION }, work);
  } catch (error) {
    // undefined_table, invalid_schema_name
    if (codeOf(error) !== '42P01' && codeOf(error) !== '3F000') throw error;
    throw new OperationRefused(`There is no shard directory at ${addressOf(directoryUrl)}`, { cause: error });
  }
}

/** Runs work on a session with a shard, as its owner. @throws SessionLost that names the shard. */
export function onShard<T>(
  { keyspace, shard, adminUrl }: Pick<KnownShard, 'keyspace' | 'shard' | 'adminUrl'>,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return withSession({ url: adminUrl, server: `${keyspace}/${shard}`, application: APPLICATION }, work);
}

/**
 * Lists the shards of some keyspaces, or of all, by keyspace and name.
 * @throws OperationRefused for an unknown keyspace.
 */
export async function knownShards(directory: Sql, keyspaces?: readonly string[]): Promise<KnownShard[]> {
  const { rows: known } = await directory.query<{ keyspace: string }>(
    'SELECT keyspace FROM sharding.keyspaces ORDER BY keyspace',
  );
  const names = known.map(({ keyspace }) => keyspace);
  const unknown = keyspaces?.find((keyspace) => !names.includes(keyspace));
  if (unknown !== undefined) {
    throw new OperationRefused(`There is no keyspace ${unknown}; there are ${names.join(', ') || 'none yet'}`);
  }
  const { rows } = await directory.query<KnownShard>(
    `SELECT s.keyspace, s.shard, s.url, s.admin_url AS "adminUrl", s.draining, count(m.bucket)::int AS buckets
     FROM sharding.shards AS s LEFT JOIN sharding.bucket_map AS m USING (keyspace, shard)
     WHERE $1::text[] IS NULL OR s.keyspace = ANY ($1) GROUP BY s.keyspace, s.shard ORDER BY s.keyspace, s.shard`,
    [keyspaces ?? null],
  );
  return rows;
}

/** Lists the keyspaces that have a shard: those of `only`, or all. @throws OperationRefused for an unknown keyspace. */
export function knownKeyspaces(directoryUrl: string, only?: readonly string[]): Promise<string[]> {
  return onDirectory(directoryUrl, async (directory) => {
    const shards = await knownShards(directory, only);
    return [...new Set(shards.map(({ keyspace }) => keyspace))];
  });
}

/** Selects the shards of a name, one of each keyspace that has it. @throws OperationRefused for an unknown name. */
export function shardsNamed(shards: readonly KnownShard[], name: string): KnownShard[] {
  const meant = shards.filter(({ shard }) => shard === name);
  if (meant.length > 0) return meant;
  const names = [...new Set(shards.map(({ shard }) => shard))].toSorted();
  throw new OperationRefused(`There is no shard ${name}; there are ${names.join(', ') || 'none yet'}`);
}

/** The address in a URL, without its secrets: `host:port/database`. */
export function addressOf(url: string): string {
  if (!URL.canParse(url)) return 'an address that is no URL';
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || '5432'}${pathname}`;
}

/** The message of an error, on one line. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll(/\s+/g, ' ').trim();
}
