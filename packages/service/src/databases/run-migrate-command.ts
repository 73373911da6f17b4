import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { migrate, type MigrateOptions } from '@stoa/postgres';
import { ConfigError, loadConfig } from '../config/load-config.js';
import { commaList } from '../config/variables.js';
import { scrub } from '../logs/redact.js';

export interface MigrateCommandOptions {
  /** Prisma's folder; `../prisma/migrations` beside the script that runs if not given. */
  readonly folder?: string;
  /** Folders of packages whose tables live in the same database, such as `messagingMigrations`. */
  readonly packages?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const besideTheScript = (): string =>
  fileURLToPath(new URL('../prisma/migrations', pathToFileURL(process.argv[1] ?? process.cwd())));

/** The decision about a migration that failed half-way: `--applied NAME` or `--rolled-back NAME`. */
export function settledMigration(args: readonly string[]): Pick<MigrateOptions, 'resolve'> {
  const { values } = parseArgs({
    args: [...args],
    options: { applied: { type: 'string' }, 'rolled-back': { type: 'string' } },
  });
  if (values.applied !== undefined) return { resolve: { name: values.applied, as: 'applied' } };
  const name = values['rolled-back'];
  return name === undefined ? {} : { resolve: { name, as: 'rolled-back' } };
}

/** As runMigrateCommand, but throws instead of ending the process. @throws Error with a message for the reader. */
export async function migrateFromEnvironment(app: string, options: MigrateCommandOptions = {}): Promise<string[]> {
  const variable = `${app.toUpperCase()}_DATABASE_URL`;
  const schema = z.object({ [variable]: commaList().describe(`the Postgres databases of ${app}`) });
  const config = loadConfig(schema, options.env ?? process.env) as Record<string, string[]>;
  const folder = options.folder ?? besideTheScript();
  const decision = settledMigration(options.args ?? process.argv.slice(2));
  const applied: string[] = [];
  for (const url of config[variable] ?? []) {
    const log = (line: string): void => void process.stdout.write(`${app}: ${line}\n`);
    applied.push(...(await migrate({ url, folder, packages: options.packages ?? [], log, ...decision })));
  }
  return applied;
}

/**
 * The whole of an app's `migrate.ts`: applies its migrations to every database in `<APP>_DATABASE_URL`, exits 0 when
 * all are there and 1 with a line on standard error otherwise. `--rolled-back NAME` and `--applied NAME` settle one
 * that failed half-way.
 */
export async function runMigrateCommand(app: string, options: MigrateCommandOptions = {}): Promise<void> {
  try {
    const applied = await migrateFromEnvironment(app, options);
    if (applied.length === 0) process.stdout.write(`${app}: the database is up to date\n`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(scrub(error instanceof ConfigError ? `${message}\n` : `${app}: ${message}\n`));
    process.exitCode = 1;
  }
}
