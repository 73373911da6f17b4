import { loadConfig, postgresUrl, scrub, settledMigration } from '@stoa/service';
import { z } from 'zod';
import type { Keyspace } from '../keyspace.js';
import { migrateKeyspace } from './migrate-keyspace.js';
import { readShards, shardsVariable } from './shards-variable.js';

/** Variables of a sharded app's `migrate.ts`, beside `<KEYSPACE>_SHARDS`. */
export const migrationVariables = z.object({
  DIRECTORY_ADMIN_URL: postgresUrl('the shard map, as its owner'),
  DIRECTORY_URL: postgresUrl('the shard map, as the service reads it').optional(),
});

export interface KeyspaceMigrationOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** As runKeyspaceMigrations, but without its exit code. @throws Error with a message for the reader. */
export async function migrateKeyspacesFromEnvironment(
  keyspaces: readonly Keyspace[],
  { args = process.argv.slice(2), env = process.env }: KeyspaceMigrationOptions = {},
): Promise<void> {
  const { DIRECTORY_ADMIN_URL: directoryAdminUrl, DIRECTORY_URL: directoryUrl } = loadConfig(migrationVariables, env);
  const wanted = keyspaces.map((keyspace) => ({ keyspace, add: readShards(keyspace.name, env) }));
  for (const { keyspace, add } of wanted) {
    const log = (line: string): void => void process.stdout.write(`${keyspace.name}: ${line}\n`);
    const options = { keyspace, add, directoryAdminUrl, log, ...settledMigration(args) };
    try {
      const applied = await migrateKeyspace({ ...options, ...(directoryUrl !== undefined && { directoryUrl }) });
      if (applied === 0) log('all shards are up to date');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const hint = /has no shard yet/.test(reason) ? `: name its shards in ${shardsVariable(keyspace.name)}` : '';
      throw new Error(`${keyspace.name}: ${reason}${hint}`, { cause: error });
    }
  }
}

/**
 * The whole of a sharded app's `migrate.ts`: brings all shards that the directory at `DIRECTORY_ADMIN_URL` knows up to
 * date, and adds those in `<KEYSPACE>_SHARDS`. Exits 0 when all are, and 1 with a line on standard error otherwise.
 * `--rolled-back NAME` and `--applied NAME` settle a migration that failed half-way.
 */
export async function runKeyspaceMigrations(...keyspaces: readonly Keyspace[]): Promise<void> {
  try {
    await migrateKeyspacesFromEnvironment(keyspaces);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(scrub(`${message}\n`));
    process.exitCode = 1;
  }
}
