import { Client } from 'pg';
import { CliError, reason } from '@stoa/cli';
import { probe } from '../machine/probe.js';
import { databaseVariable, shardsVariable, type External } from './setup.js';

const TIMEOUT_MS = 5_000;

/** Tries every server that the environment names. @throws CliError with the variable's name, and never a password */
export async function checkExternal(external: External): Promise<void> {
  const checks: Promise<void>[] = [];
  if (external.kafka) checks.push(named('KAFKA_BROKERS', checkBrokers(external.kafka)));
  if (external.redis) checks.push(named('REDIS_URL', checkRedis(external.redis)));
  for (const [app, urls] of external.databases) {
    for (const url of urls.split(',')) checks.push(named(databaseVariable(app), checkPostgres(url.trim())));
  }
  if (external.directory) {
    checks.push(named('DIRECTORY_URL', checkPostgres(external.directory.url)));
    checks.push(named('DIRECTORY_ADMIN_URL', checkPostgres(external.directory.adminUrl)));
  }
  for (const [keyspace, list] of external.shards) checks.push(named(shardsVariable(keyspace), checkShards(list)));
  await Promise.all(checks);
}

async function checkShards(list: string): Promise<void> {
  for (const { name, url, adminUrl } of parseShards(list)) {
    const of = (error: unknown): never => {
      throw new Error(`${name}: ${reason(error)}`, { cause: error });
    };
    await checkPostgres(url).catch(of);
    await checkPostgres(adminUrl, 'logical').catch(of);
  }
}

function parseShards(list: string): { name: string; url: string; adminUrl: string }[] {
  // Not quoted: it may hold passwords.
  const example = 'is not JSON like [{"name":"shard1","url":"postgres://...","adminUrl":"postgres://..."}]';
  let shards: unknown;
  try {
    shards = JSON.parse(list);
  } catch {
    throw new Error(example);
  }
  const isShard = (shard: unknown): shard is { name: string; url: string; adminUrl: string } =>
    typeof shard === 'object' &&
    shard !== null &&
    ['name', 'url', 'adminUrl'].every((key) => typeof (shard as Record<string, unknown>)[key] === 'string');
  if (!Array.isArray(shards) || shards.length === 0 || !shards.every(isShard)) throw new Error(example);
  return shards;
}

async function named(variable: string, check: Promise<void>): Promise<void> {
  try {
    await check;
  } catch (error) {
    throw new CliError(`${variable}: ${reason(error)}`, { cause: error });
  }
}

async function checkBrokers(list: string): Promise<void> {
  const errors: string[] = [];
  for (const broker of list.split(',').map((each) => each.trim())) {
    const [, host, port] = /^(.+):(\d+)$/.exec(broker) ?? [];
    if (!host || !port) throw new Error(`"${broker}" is not host:port`);
    try {
      await probe({ host, port: Number(port), timeoutMs: TIMEOUT_MS }, apiVersionsRequest(), () => true);
      return;
    } catch (error) {
      errors.push(`${broker} ${reason(error)}`);
    }
  }
  throw new Error(`no Kafka broker answers there (${errors.join('; ')})`);
}

/** Version 0 of ApiVersions, which every broker answers. */
function apiVersionsRequest(): Buffer {
  const bytes = Buffer.alloc(14);
  bytes.writeInt32BE(10, 0);
  bytes.writeInt16BE(18, 4);
  bytes.writeInt16BE(0, 6);
  bytes.writeInt32BE(1, 8);
  bytes.writeInt16BE(-1, 12); // no client id
  return bytes;
}

async function checkRedis(text: string): Promise<void> {
  const url = parseUrl(text, /^rediss?:$/, 'redis://host:port');
  const where = `${url.hostname}:${url.port || 6379}`;
  const user = url.username ? [decodeURIComponent(url.username)] : [];
  const login = url.password ? command('AUTH', ...user, decodeURIComponent(url.password)) : '';
  const bytes = Buffer.from(`${login}${command('PING')}`);
  const server = { host: url.hostname, port: Number(url.port || 6379), tls: url.protocol === 'rediss:' };
  const reply = await probe({ ...server, timeoutMs: TIMEOUT_MS }, bytes, () => true).catch((error: unknown) => {
    throw new Error(`no Redis answers at ${where} (${reason(error)})`, { cause: error });
  });
  if (!/^\+/.test(reply.toString())) throw new Error(`Redis at ${where} says ${reply.toString().trim()}`);
}

function command(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

async function checkPostgres(text: string, walLevel?: string): Promise<void> {
  const url = parseUrl(text, /^postgres(ql)?:$/, 'postgres://user:password@host:port/database');
  const client = new Client({ connectionString: text, connectionTimeoutMillis: TIMEOUT_MS });
  client.on('error', () => undefined);
  const where = `${url.hostname}:${url.port || 5432}${url.pathname}`;
  try {
    await client.connect().catch((error: unknown) => {
      throw new Error(`no Postgres to be used at ${where} (${reason(error)})`, { cause: error });
    });
    if (walLevel === undefined) return;
    const { rows } = await client.query<{ wal_level: string }>('SHOW wal_level');
    const found = rows[0]?.wal_level;
    if (found !== walLevel) throw new Error(`the Postgres at ${where} needs wal_level = ${walLevel}, not ${found}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function parseUrl(text: string, protocol: RegExp, example: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // Not quoted: it may hold a password.
  if (!url || !protocol.test(url.protocol)) throw new Error(`is not a URL like ${example}`);
  return url;
}
