import { readFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '@stoa/testing';
import { sql, stateDir } from '../../support/servers.js';

interface ServerRecord {
  readonly url: string;
  readonly pid: number;
}

/** A Postgres server beside the stack (own-servers.mjs), as it is now. `url` is its superuser's. */
export const ownServer = (name: string): ServerRecord =>
  JSON.parse(readFileSync(path.join(stateDir(), `${name}.json`), 'utf8')) as ServerRecord;

/** SIGKILL, as when memory ran out; it is started again at once. @returns when it answers. */
export async function killOwnServer(name: string): Promise<void> {
  const { pid } = ownServer(name);
  process.kill(pid, 'SIGKILL');
  await eventually(async () => {
    if (ownServer(name).pid === pid) throw new Error(`${name} is not back yet`);
    await sql(ownServer(name).url, 'SELECT 1');
  });
}
