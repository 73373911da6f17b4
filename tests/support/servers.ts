import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type KafkaAccess, type KafkaPort, openKafka } from '@stoa/kafka';
import { Client } from 'pg';
import { processes } from './stack.js';

/** Those whose services take commands: each has an inbox and an outbox. */
export const COMMAND_KEYSPACES = ['profile', 'cart', 'order', 'payment'] as const;
export const KEYSPACES = [...COMMAND_KEYSPACES, 'lookup'] as const;
export type Keyspace = (typeof KEYSPACES)[number];

export const stateDir = (): string => {
  const dir = process.env.STOA_STATE_DIR;
  if (!dir) throw new Error('STOA_STATE_DIR is not set: a stack must run for these tests');
  return dir;
};

/** The stack's own Postgres servers have one superuser. */
export const superuserPassword = (): string =>
  (JSON.parse(readFileSync(path.join(stateDir(), 'postgres.json'), 'utf8')) as { password: string }).password;

/** Servers keep their ports for as long as the stack lives. */
const ports = new Map<string, number>();

async function portOf(name: string): Promise<number> {
  if (ports.size === 0) for (const process of await processes()) ports.set(process.name, process.port ?? 0);
  const port = ports.get(name);
  if (!port) throw new Error(`${name} does not run`);
  return port;
}

/** Where the brokers are, be it one or several. */
export const kafkaBrokers = async (): Promise<string[]> =>
  (await processes()).filter(({ kind }) => kind === 'kafka').map(({ port }) => `127.0.0.1:${port}`);

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** The stack's own user at Kafka, who may do everything; a service's, who may do what its contract needs. */
export function kafkaAccessOf(user = 'admin'): KafkaAccess {
  const file = path.join(stateDir(), 'kafka.json');
  const { admin, users } = JSON.parse(readFileSync(file, 'utf8')) as { admin: string; users: Record<string, string> };
  return user === 'admin'
    ? { sasl: { mechanism: 'plain', username: user, password: admin } }
    : { sasl: { mechanism: 'scram-sha-512', username: user, password: users[user] ?? '' } };
}

/** The stack's own user, as the bundled library wants it. */
export const adminSasl = () => {
  const { username = '', password = '' } = kafkaAccessOf().sasl ?? {};
  return { sasl: { mechanism: 'PLAIN', username, password } as const };
};

/** A Kafka client as the services have it, but for its rights. */
export const openTestKafka = async (clientId: string, user?: string): Promise<KafkaPort> =>
  openKafka({
    brokers: await kafkaBrokers(),
    client: 'platformatic',
    access: kafkaAccessOf(user),
    clientId,
    logger: silent,
  });

/** A database of one of the stack's servers (`main`, `shard1` …), as its superuser. */
export async function superuserUrl(server: string, database: string): Promise<string> {
  const port = await portOf(`postgres-${server}`);
  return `postgres://postgres:${encodeURIComponent(superuserPassword())}@127.0.0.1:${port}/${database}`;
}

export const directoryUrl = (): Promise<string> => superuserUrl('main', 'directory');

/** The service databases that hold an outbox: of the catalog, and of each keyspace on each shard. */
export async function outboxDatabases(): Promise<string[]> {
  const text = 'SELECT keyspace, shard FROM sharding.shards WHERE keyspace = ANY ($1) ORDER BY keyspace, shard';
  const shards = await sql<{ keyspace: string; shard: string }>(await directoryUrl(), text, [COMMAND_KEYSPACES]);
  return Promise.all([
    superuserUrl('main', 'catalog'),
    ...shards.map(({ keyspace, shard }) => superuserUrl(shard, keyspace)),
  ]);
}

/** SIGKILL for one of the stack's processes, as when memory ran out; the stack starts it again. */
export async function kill(name: string): Promise<void> {
  const pid = (await processes()).find((process) => process.name === name)?.pid;
  if (!pid) throw new Error(`${name} does not run`);
  process.kill(pid, 'SIGKILL');
}

/** Runs SQL in a session of its own. */
export async function sql<Row>(url: string, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url, application_name: 'system tests' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query(text, values as unknown[]);
    return rows as Row[];
  } finally {
    await client.end();
  }
}
