import { join } from 'node:path';
import { freePort } from '../machine/ports.js';
import { startPostgres, type PostgresServer } from '../servers/postgres.js';
import { startRedis, type RedisServer } from '../servers/redis.js';
import { logFile } from '../state-dir/files.js';
import { usualPort } from '../state-dir/usual-port.js';
import { startPayments, type PaymentsServer } from '../servers/payments.js';
import { paymentSecrets } from '../state-dir/secrets.js';
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
export async function redisProcess(stateDir: string, password: string): Promise<ProcessSpec<RedisServer>> {
  const port = await freePort();
  const options = { port, password, dataDir: join(stateDir, 'data/redis'), logFile: logFile(stateDir, 'redis') };
  return { name: 'redis', kind: 'redis', port, start: (starting) => startRedis({ ...options, ...starting }) };
}

/** The local payment provider as a process of the stack. Its port stays, since shoppers may be on one of its pages. */
export async function paymentsProcess(
  stateDir: string,
  node: string,
  shopPort: number,
): Promise<ProcessSpec<PaymentsServer>> {
  const name = 'payments';
  const port = await usualPort(stateDir, name);
  const options = {
    port,
    node,
    ...paymentSecrets(stateDir),
    webhookUrl: `http://127.0.0.1:${shopPort}/v1/payments/webhooks/stripe`,
    dataDir: join(stateDir, 'data', name),
    logFile: logFile(stateDir, name),
  };
  return { name, kind: 'payments', port, start: (starting) => startPayments({ ...options, ...starting }) };
}
