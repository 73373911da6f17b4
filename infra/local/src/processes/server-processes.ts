import { join } from 'node:path';
import { freePort } from '../machine/ports.js';
import { startHaproxy, type Backend, type HaproxyServer } from '../servers/haproxy.js';
import { startPostgres, type PostgresServer } from '../servers/postgres.js';
import { startRedis, type RedisServer } from '../servers/redis.js';
import { logFile } from '../state-dir/files.js';
import { usualPort } from '../state-dir/usual-port.js';
import type { ProcessSpec } from './supervised-process.js';

/** A Postgres server as a process of the stack: `postgres-<server>`. */
export async function postgresProcess(
  stateDir: string,
  server: string,
  password: string,
): Promise<ProcessSpec<PostgresServer>> {
  const name = `postgres-${server}`;
  // The same at the next start: a move that was interrupted then finds both of its shards.
  const port = await usualPort(stateDir, name);
  const options = { name, port, password, dataDir: join(stateDir, 'data', name), logFile: logFile(stateDir, name) };
  return { name, kind: 'postgres', port, start: (starting) => startPostgres({ ...options, ...starting }) };
}

/** Redis as a process of the stack. It keeps its port over restarts of its own. */
export async function redisProcess(stateDir: string): Promise<ProcessSpec<RedisServer>> {
  const port = await freePort();
  const options = { port, dataDir: join(stateDir, 'data/redis'), logFile: logFile(stateDir, 'redis') };
  return { name: 'redis', kind: 'redis', port, start: (starting) => startRedis({ ...options, ...starting }) };
}

/**
 * HAProxy as a process of the stack.
 * @param backends returns the gateways to balance over; it is called at each start
 */
export function haproxyProcess(
  stateDir: string,
  port: number,
  backends: () => Backend[],
  command: string,
): ProcessSpec<HaproxyServer> {
  const options = { port, command, dataDir: join(stateDir, 'run/haproxy'), logFile: logFile(stateDir, 'haproxy') };
  return {
    name: 'haproxy',
    kind: 'haproxy',
    port,
    start: (starting) => startHaproxy({ ...options, servers: backends(), ...starting }),
  };
}
