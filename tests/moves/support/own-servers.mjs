import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, startPostgres } from '@stoa/local';

const running = new Map();
const stopping = new AbortController();

/**
 * Starts Postgres servers that the stack does not know, as operators bring them to be added as shards. Each is started
 * again as soon as it ends: tests kill them.
 * @param {string} stateDir of the stack: their data and logs go there
 * @param {string[]} names
 */
export async function startOwnServers(stateDir, names) {
  const { password } = JSON.parse(readFileSync(path.join(stateDir, 'postgres.json'), 'utf8'));
  await Promise.all(
    names.map(async (name) => {
      const dataDir = path.join(stateDir, 'data', name);
      const logFile = path.join(stateDir, 'logs', `${name}.log`);
      await keep(stateDir, { name, port: await freePort(), password, dataDir, logFile });
    }),
  );
}

export async function stopOwnServers() {
  stopping.abort();
  await Promise.all([...running.values()].map((server) => server.stop()));
}

async function keep(stateDir, options) {
  const server = await startPostgres(options);
  running.set(options.name, server);
  const { url, pid } = server;
  writeFileSync(path.join(stateDir, `${options.name}.json`), JSON.stringify({ url, pid }), { mode: 0o600 });
  void server.exited.then(() => again(stateDir, options));
}

/** Processes of the killed one may need a moment to notice. */
async function again(stateDir, options) {
  while (!stopping.signal.aborted) {
    try {
      return await keep(stateDir, options);
    } catch {
      await delay(50);
    }
  }
}
