import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import { run } from '../machine/run.js';
import type { Addresses, Context } from '../plan/context.js';
import type { Service } from '../plan/topology.js';
import { inheritedEnvironment, migrationEnvironment } from './clone-environment.js';

/** Migrates the data of one service. @throws CliError with the last line of the migration */
export async function migrateService(context: Context, addresses: Addresses, service: Service): Promise<void> {
  const data = migrationEnvironment(addresses, service);
  if (Object.keys(data).length === 0) return;
  const env = { ...inheritedEnvironment(context.env), ...data };
  const { code, output } = await run(context.node, [builtScript(context, service.app, 'migrate.js')], { env });
  if (code === 0) return;
  const lines = output.trim().split('\n');
  throw new CliError(`the data of ${service.app} could not be migrated: ${lines.at(-1) || `exit code ${code}`}`);
}

/** The path of a script of a built app. @throws CliError when it is not built */
export function builtScript(context: Context, app: string, script: string): string {
  const path = join(context.appsDir, app, 'dist', script);
  if (!existsSync(path)) throw new CliError(`${path} is missing: build the apps with npm run build`);
  return path;
}
