import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, takePort } from '../machine/ports.js';
import { startHaproxy, type Backend, type HaproxyServer } from '../servers/haproxy.js';
import { startPostgres, type PostgresServer } from '../servers/postgres.js';
import { startRedis, type RedisServer } from '../servers/redis.js';
import type { Member } from './supervised-process.js';

/** The embedded servers as members of the stack. Each keeps its port for as long as the stack lives, over restarts of its own. */
export async function postgresMember(
  stateDir: string,
  server: string,
  password: string,
): Promise<Member<PostgresServer>> {
  const name = `postgres-${server}`;
  // The same at the next start: a move that was interrupted then finds both of its shards where they were.
  const port = await usualPort(stateDir, name);
  const options = { name, port, password, dataDir: join(stateDir, 'data', name), logFile: logFile(stateDir, name) };
  return { name, kind: 'postgres', port, start: (starting) => startPostgres({ ...options, ...starting }) };
}

/** The port that a server had at the last start, if it is free. */
export async function usualPort(stateDir: string, name: string): Promise<number> {
  const file = join(stateDir, 'data', `${name}.port`);
  const before = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (before > 0 && (await takePort(before))) return before;
  const port = await freePort();
  mkdirSync(join(stateDir, 'data'), { recursive: true });
  writeFileSync(file, `${port}\n`);
  return port;
}

export async function redisMember(stateDir: string): Promise<Member<RedisServer>> {
  const port = await freePort();
  const options = { port, dataDir: join(stateDir, 'data/redis'), logFile: logFile(stateDir, 'redis') };
  return { name: 'redis', kind: 'redis', port, start: (starting) => startRedis({ ...options, ...starting }) };
}

export function haproxyMember(
  stateDir: string,
  port: number,
  /** What is behind it when it starts, each time. */
  servers: () => Backend[],
  command: string,
): Member<HaproxyServer> {
  const dataDir = join(stateDir, 'run/haproxy');
  const options = { port, command, dataDir, logFile: logFile(stateDir, 'haproxy') };
  const start: Member<HaproxyServer>['start'] = (starting) =>
    startHaproxy({ ...options, servers: servers(), ...starting });
  return { name: 'haproxy', kind: 'haproxy', port, start };
}

/** Where the output of a process of the stack goes. */
export function logFile(stateDir: string, name: string): string {
  return join(stateDir, 'logs', `${name}.log`);
}
