import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import { askControl, type Tasks } from '../control/control.js';
import { postgresMember } from '../processes/server-processes.js';
import { postgresPassword } from '../state-dir/secrets.js';
import type { Supervisor } from '../processes/supervisor.js';

/** A server that was started for `npm run shards -- add --local`. */
export interface MoreShard {
  name: string;
  /** Its superuser's. */
  url: string;
}

const NAME = /^[a-z][a-z0-9_-]{0,30}$/;

/**
 * Asks the stack that runs for one more shard server, or for one that an earlier try started.
 * @throws CliError when none runs, or it can't.
 */
export async function askForShard(stateDir: string, wanted: string | undefined): Promise<MoreShard> {
  const { name, port } = await askControl(stateDir, 'add shard', wanted === undefined ? {} : { name: wanted });
  const password = encodeURIComponent(postgresPassword(stateDir));
  return { name, url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres` };
}

/** Starts one more shard server under the stack's supervision. @throws CliError for a name that is none */
export async function addShardServer(
  stateDir: string,
  supervisor: Supervisor,
  wanted: string | undefined,
): Promise<Tasks['add shard']['answers']> {
  if (wanted !== undefined && !NAME.test(wanted)) throw new CliError(`"${wanted}" can't name a shard`);
  const name = wanted ?? nextName(stateDir);
  const there = supervisor.state().processes.find((process) => process.name === `postgres-${name}`);
  if (there?.port !== undefined) return { name, port: there.port };
  const member = await postgresMember(stateDir, name, postgresPassword(stateDir));
  const { port } = await supervisor.keep(member);
  return { name, port };
}

function nextName(stateDir: string): string {
  for (let number = 1; ; number += 1) {
    if (!existsSync(join(stateDir, 'data', `postgres-shard${number}`))) return `shard${number}`;
  }
}
