import { oneRow, type Sql } from '@stoa/postgres';
import { isShard } from '../installation/install.js';
import { freeDisk, inspectServer, problemsOf, warningsOf, type ServerCapabilities } from '../shards/inspect-server.js';
import type { Transfer } from './plan-transfers.js';
import { OperationRefused } from '../errors.js';
import { onShard, reasonOf, type KnownShard } from '../directory/known-shards.js';

/** Options of checkDiskSpace. */
export interface PreflightOptions {
  /** Bytes that must stay free on each destination's disk. */
  readonly keepFreeBytes?: number;
}

/** The state of one shard before buckets move. */
export interface ShardState {
  readonly shard: KnownShard;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly fingerprint: string | undefined;
  readonly migrations: readonly string[];
  readonly freeBytes: number | undefined;
}

const KEEP_FREE_BYTES = 1024 ** 3;
/** Disk space per arriving byte: rows are written to the log too, and new indexes are less dense than the old. */
const DISK_FACTOR = 2;

/**
 * Inspects every server of a keyspace before buckets move.
 * @throws OperationRefused that lists the problems by shard.
 */
export async function inspectShards(shards: readonly KnownShard[]): Promise<ShardState[]> {
  const states = await Promise.all(shards.map(stateOf));
  const problems = states.flatMap(({ shard, problems: found }) => found.map((what) => `${nameOf(shard)}: ${what}`));
  if (problems.length === 0) problems.push(...differences(states));
  if (problems.length > 0) throw new OperationRefused(problems.join('; '));
  return states;
}

/**
 * Checks the disks of the destinations of a plan.
 * @returns warnings about the servers that take part.
 * @throws OperationRefused where a disk is too full.
 */
export function checkDiskSpace(
  states: readonly ShardState[],
  transfers: readonly Transfer[],
  { keepFreeBytes = KEEP_FREE_BYTES }: PreflightOptions,
): string[] {
  const full = tooFull(states, transfers, keepFreeBytes);
  if (full.length > 0) throw new OperationRefused(full.join('; '));
  const partners = states.filter(({ shard: { shard } }) =>
    transfers.some(({ from, to }) => from === shard || to === shard),
  );
  const unknown = partners.filter(({ shard, freeBytes }) => freeBytes === undefined && arriving(shard, transfers) > 0);
  return [
    ...partners.flatMap(({ shard, warnings }) => warnings.map((what) => `${nameOf(shard)}: ${what}`)),
    ...unknown.map(({ shard }) => {
      return `${nameOf(shard)}: its free disk can't be seen from here; ${megabytes(arriving(shard, transfers))} will come`;
    }),
  ];
}

const nameOf = ({ keyspace, shard }: KnownShard): string => `${keyspace}/${shard}`;

async function stateOf(shard: KnownShard): Promise<ShardState> {
  const unknown = { shard, warnings: [], fingerprint: undefined, migrations: [], freeBytes: undefined };
  try {
    return await onShard(shard, async (session) => {
      const capabilities = await inspectServer(session);
      const problems = [...problemsOf(capabilities), ...(await identityProblems(session, shard, capabilities))];
      if (problems.length > 0) return { ...unknown, problems };
      return {
        shard,
        problems,
        warnings: warningsOf(capabilities),
        fingerprint: (await oneRow<{ fingerprint: string }>(session, 'SELECT sharding.fingerprint() AS fingerprint'))
          .fingerprint,
        migrations: await migrationsOf(session),
        freeBytes: await freeDisk(session),
      };
    });
  } catch (error) {
    return { ...unknown, problems: [reasonOf(error).replace(`No connection to ${nameOf(shard)}`, 'no connection')] };
  }
}

/** Checks that a database is this shard, and that the role owns its tables. @returns the problems. */
async function identityProblems(
  session: Sql,
  { keyspace, shard }: KnownShard,
  capabilities: ServerCapabilities,
): Promise<string[]> {
  if (!(await isShard(session))) return ['it is no shard yet'];
  const { is } = await oneRow<{ is: string | null }>(
    session,
    `SELECT (SELECT keyspace || '/' || shard FROM sharding.identity) AS is`,
  );
  if (is !== `${keyspace}/${shard}`) return [`its address leads to ${is ?? 'a shard without a name'}`];
  if (capabilities.superuser) return [];
  const { rows } = await session.query<{ name: string }>(
    `SELECT t.name::text AS name FROM sharding.tables AS t JOIN pg_class AS c ON c.oid = t.name
     WHERE NOT pg_has_role(c.relowner, 'USAGE') ORDER BY 1`,
  );
  return rows.length === 0 ? [] : [`the role does not own ${rows.map(({ name }) => name).join(', ')}`];
}

/** Lists applied migrations, where they are recorded in Prisma's table. */
export async function migrationsOf(sql: Sql): Promise<string[]> {
  const { recorded } = await oneRow<{ recorded: boolean }>(
    sql,
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS recorded`,
  );
  if (!recorded) return [];
  const { rows } = await sql.query<{ name: string }>(
    'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY 1',
  );
  return rows.map(({ name }) => name);
}

/** Describes the differences between the migrations and tables of a keyspace's shards. */
function differences(states: readonly ShardState[]): string[] {
  return [...Map.groupBy(states, ({ shard }) => shard.keyspace).values()].flatMap((those) => {
    const all = new Set(those.flatMap(({ migrations }) => migrations));
    const lacking = those.flatMap(({ shard, migrations }) => {
      const missing = [...all].filter((migration) => !migrations.includes(migration));
      return missing.length === 0 ? [] : [`${nameOf(shard)}: the migration ${missing.join(', ')} is missing`];
    });
    if (lacking.length > 0) return lacking;
    if (new Set(those.map(({ fingerprint }) => fingerprint)).size <= 1) return [];
    return [
      `the sharded tables of ${those.map(({ shard }) => nameOf(shard)).join(' and ')} differ: run the migrations`,
    ];
  });
}

const arriving = ({ shard }: KnownShard, transfers: readonly Transfer[]): number =>
  transfers.filter(({ to }) => to === shard).reduce((sum, { bytes }) => sum + bytes, 0);

function tooFull(states: readonly ShardState[], transfers: readonly Transfer[], keepFree: number): string[] {
  return states.flatMap(({ shard, freeBytes }) => {
    const coming = arriving(shard, transfers);
    if (freeBytes === undefined || coming === 0 || freeBytes >= coming * DISK_FACTOR + keepFree) return [];
    return [
      `${nameOf(shard)}: not enough disk: ${megabytes(freeBytes)} are free, and ${megabytes(coming * DISK_FACTOR)} are needed ` +
        `beside the ${megabytes(keepFree)} that stay free`,
    ];
  });
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2).toLocaleString('en-US')} MB`;
