import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import type { Addition, NewDatabase } from '@stoa/sharding';
import type { Terminal } from './terminal.js';

/** The app with a keyspace's migrations, where its name is not the keyspace's. */
const APP_OF: Readonly<Record<string, string>> = { lookup: 'profile' };
const LINES_KEPT = 200;

/** The folder with the apps: `<apps>/<app>/dist/migrate.js`. */
const apps = (env: Terminal['env']): string => env['STOA_APPS_DIR'] ?? join(import.meta.dirname, '../../..');

const variableOf = (keyspace: string): string => `${keyspace.toUpperCase().replaceAll('-', '_')}_SHARDS`;

/**
 * Brings each app's new databases to the state of its other shards, and makes them known. The app's own `migrate.js`
 * does both, as wherever the app is deployed.
 * @throws CliError with the migration's last line
 */
export async function migrateDatabases(terminal: Terminal, { shard, databases }: Addition): Promise<void> {
  const { env, say } = terminal;
  for (const [app, those] of Map.groupBy(databases, ({ keyspace }) => APP_OF[keyspace] ?? keyspace)) {
    const script = join(apps(env), app, 'dist/migrate.js');
    if (!existsSync(script)) throw new CliError(byHand(app, shard, those));
    const shards = those.map(({ keyspace, url, adminUrl }) => {
      return [variableOf(keyspace), JSON.stringify([{ name: shard, url, adminUrl }])] as const;
    });
    const output = await run(script, {
      ...env,
      DIRECTORY_ADMIN_URL: terminal.directoryUrl,
      ...Object.fromEntries(shards),
    });
    for (const line of output) say(`  ${line}`);
  }
}

async function run(script: string, env: Terminal['env']): Promise<string[]> {
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      lines.push(...text.split('\n').filter((line) => line.trim() !== ''));
      lines.splice(0, Math.max(0, lines.length - LINES_KEPT));
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return lines;
  throw new CliError(lines.at(-1) ?? `${script} ended with ${code}`);
}

/** Where the apps are deployed on their own, their migrations run where they are. */
function byHand(app: string, shard: string, databases: readonly NewDatabase[]): string {
  const variables = databases.map(({ keyspace, database, role }) => {
    return `${variableOf(keyspace)}='[{"name":"${shard}","url":"(as ${role}, to ${database})","adminUrl":"(as its owner, to ${database})"}]'`;
  });
  return `databases and roles are made, but ${app} is not installed here: run its migrations (dist/migrate.js) with DIRECTORY_ADMIN_URL and ${variables.join(' ')}`;
}
