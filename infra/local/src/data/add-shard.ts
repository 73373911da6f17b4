import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { requestTask } from '../control/client.js';
import type { Tasks } from '../control/protocol.js';
import { CliError } from '@stoa/cli';
import { postgresProcess } from '../processes/server-processes.js';
import type { Supervisor } from '../processes/supervisor.js';
import { postgresPassword } from '../state-dir/secrets.js';

/** A server that was started for `npm run shards -- add --local`. */
export interface AddedShard {
  name: string;
  /** Its superuser's. */
  url: string;
}

const NAME = /^[a-z][a-z0-9_-]{0,30}$/;

/**
 * Requests one more shard server of the running stack, or one that an earlier try started.
 * @throws CliError when no stack runs, or with why it can't
 */
export async function requestShard(stateDir: string, wanted: string | undefined): Promise<AddedShard> {
  const { name, port } = await requestTask(stateDir, 'add shard', wanted === undefined ? {} : { name: wanted });
  const password = encodeURIComponent(postgresPassword(stateDir));
  return { name, url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres` };
}

/** Starts one more shard server under supervision. @throws CliError for an invalid name */
export async function addShardServer(
  stateDir: string,
  supervisor: Supervisor,
  wanted: string | undefined,
): Promise<Tasks['add shard']['reply']> {
  if (wanted !== undefined && !NAME.test(wanted)) throw new CliError(`"${wanted}" can't name a shard`);
  const name = wanted ?? nextName(stateDir);
  const existing = supervisor.state().processes.find((process) => process.name === `postgres-${name}`);
  if (existing?.port !== undefined) return { name, port: existing.port };
  const { port } = await supervisor.supervise(await postgresProcess(stateDir, name, postgresPassword(stateDir)));
  return { name, port };
}

function nextName(stateDir: string): string {
  for (let number = 1; ; number += 1) {
    if (!existsSync(join(stateDir, 'data', `postgres-shard${number}`))) return `shard${number}`;
  }
}
