import {
  addShard,
  grantDirectory,
  installDirectory,
  installShard,
  isShardInstalled,
  listShards,
  prepareShard,
  type Shard,
  type ShardInstallation,
  startKeyspace,
  withoutMoves,
} from '@stoa/sharding';
import { migrate, type MigrateOptions, pendingMigrations } from '@stoa/postgres';
import { foldersOf, type Keyspace } from '../keyspace.js';

export interface MigrateKeyspaceOptions {
  readonly keyspace: Keyspace;
  /** The directory's URL with its owner's role. */
  readonly directoryAdminUrl: string;
  /** The directory's URL with the service's role, which may then read the map. */
  readonly directoryUrl?: string;
  /** Shards to add, or whose URLs have changed. The first ones that a keyspace gets share all of its buckets. */
  readonly add?: readonly Shard[];
  /** Gets a line per step; silent if not given. */
  readonly log?: (line: string) => void;
  readonly resolve?: NonNullable<MigrateOptions['resolve']>;
}

const roleOf = (url: string): string => decodeURIComponent(new URL(url).username);

/**
 * Brings all shards of a keyspace to the newest migration, and puts their tables under the fence. Makes the directory
 * and the keyspace if they are missing. Shard after shard, while no move runs; with nothing to do,
 * moves go on.
 * @returns how many migrations were applied.
 * @throws Error that names the shard that failed, and says how the others are.
 */
export async function migrateKeyspace(options: MigrateKeyspaceOptions): Promise<number> {
  const { keyspace, directoryAdminUrl, directoryUrl, add = [], log = () => undefined } = options;
  await installDirectory(directoryAdminUrl);
  if (directoryUrl !== undefined) {
    await grantDirectory(directoryAdminUrl, roleOf(directoryUrl), keyspace.name);
  }
  const known = await listShards(directoryAdminUrl, keyspace.name);
  const shards = [...known.filter(({ name }) => !add.some((shard) => shard.name === name)), ...add];
  if (shards.length === 0) throw new Error(`the keyspace ${keyspace.name} has no shard yet`);
  let applied = 0;
  if (options.resolve || (await anyBehind(keyspace, shards))) {
    const wait = (): void => log(`waiting for the moves of ${keyspace.name} under way to end`);
    applied = await withoutMoves(directoryAdminUrl, keyspace.name, () => migrateShards(options, shards), wait);
  }
  for (const shard of add) await addShard(directoryAdminUrl, keyspace.name, shard);
  const names = shards.map(({ name }) => name);
  await startKeyspace(directoryAdminUrl, keyspace.name, names);
  return applied;
}

const installationOf = ({ name: keyspace, tables, reference }: Keyspace, shard: Shard): ShardInstallation => ({
  url: shard.adminUrl,
  keyspace,
  shard: shard.name,
  tables,
  reference,
  serviceRole: roleOf(shard.url),
});

async function anyBehind(keyspace: Keyspace, shards: readonly Shard[]): Promise<boolean> {
  for (const shard of shards) {
    const pending = await pendingMigrations({ url: shard.adminUrl, ...foldersOf(keyspace) });
    if (pending.length > 0 || !(await isShardInstalled(installationOf(keyspace, shard)))) return true;
  }
  return false;
}

/** One after the other: a migration that fails has failed on one shard only. */
async function migrateShards(options: MigrateKeyspaceOptions, shards: readonly Shard[]): Promise<number> {
  let applied = 0;
  for (const [index, shard] of shards.entries()) {
    try {
      applied += await migrateShard(options, shard);
    } catch (error) {
      const done = shards.slice(0, index).map(({ name }) => name);
      const left = shards.slice(index + 1).map(({ name }) => name);
      const others = [
        ...(done.length > 0 ? [`${done.join(', ')}: up to date`] : []),
        ...(left.length > 0 ? [`${left.join(', ')}: left as before`] : []),
      ];
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error([`${shard.name}: ${reason}`, ...others].join(' | '), { cause: error });
    }
  }
  return applied;
}

async function migrateShard(options: MigrateKeyspaceOptions, shard: Shard): Promise<number> {
  const { keyspace, directoryAdminUrl, log, resolve } = options;
  await prepareShard(directoryAdminUrl, installationOf(keyspace, shard));
  const applied = await migrate({
    url: shard.adminUrl,
    ...foldersOf(keyspace),
    ...(log && { log: (line: string) => log(`${shard.name}: ${line}`) }),
    ...(resolve && { resolve: { ...resolve, ifFailed: true } }),
  });
  const installation = installationOf(keyspace, shard);
  if (applied.length > 0 || !(await isShardInstalled(installation))) await installShard(installation);
  return applied.length;
}
