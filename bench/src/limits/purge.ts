import { setTimeout as delay } from 'node:timers/promises';
import { purgeExpired } from '@stoa/messaging/testing';
import { Client } from 'pg';
import { cpuOfTree } from '../processes.js';
import type { OpenKeyspace } from '../sharded/cluster.js';
import { leaderSession, quiet } from './leader-session.js';
import { EMPTY } from './replies.js';

const REPLY = `'{"cart":"' || repeat(md5(n::text), 30) || '"}'`;
const WITHIN_MS = 120_000;

/**
 * Loads expired replies of 1 kB in the order of time, as a day of commands leaves them: as the owner, without triggers.
 */
async function fill({ everywhere }: OpenKeyspace, replies: number): Promise<void> {
  await everywhere(EMPTY);
  await everywhere(`SET session_replication_role = replica;
    INSERT INTO inbox (bucket, command_id, key, body_hash, status, reply, created_at)
    SELECT n % 1024, gen_random_uuid(), n::text, decode(md5(n::text), 'hex'), 'ok', ${REPLY},
      now() - interval '50 hours' + n * interval '1 ms' FROM generate_series(1, ${replies}) AS n`);
  await everywhere('VACUUM (ANALYZE) inbox');
}

/** A long read (a report, a dump, a move's copy): rows that are deleted meanwhile can't be cleaned up. */
async function holdSnapshot(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await client.query('SELECT count(*) FROM inbox');
  return client;
}

/** How fast a leader purges expired replies, alone and while somebody holds an old snapshot. */
export async function measurePurge(carts: OpenKeyspace, postgres: number, replies: number): Promise<void> {
  const [server] = carts.database.servers();
  if (!server) throw new Error('there is no shard');
  console.log(`\nPurging ${replies.toLocaleString('en')} replies of 1 kB: replies/s, CPU µs each of Postgres`);
  for (const held of [false, true]) {
    await fill(carts, replies);
    const reader = held ? await holdSnapshot(server.url) : undefined;
    const [began, before] = [performance.now(), cpuOfTree(postgres)];
    await purgeAll(server.url, async () => {
      const [row] = await server.read<{ left: number }>({ text: 'SELECT count(*)::int AS left FROM inbox' });
      return row?.left ?? 0;
    });
    const [seconds, cpu] = [(performance.now() - began) / 1000, cpuOfTree(postgres) - before];
    await reader?.end();
    const figures = [Math.round(replies / seconds), ((cpu * 1000) / replies).toFixed(1)];
    console.log(`  ${(held ? 'beside an old snapshot' : 'alone').padEnd(24)} ${figures.join('  ')}`);
  }
  const before = cpuOfTree(postgres);
  await carts.everywhere('VACUUM inbox');
  console.log(
    `  the vacuum behind it      CPU µs each ${(((cpuOfTree(postgres) - before) * 1000) / replies).toFixed(1)}`,
  );
}

async function purgeAll(url: string, left: () => Promise<number>): Promise<void> {
  const session = await leaderSession(url);
  const stopping = new AbortController();
  const running = purgeExpired({ server: 'bench', logger: quiet, everyMs: 1 }, session, stopping.signal);
  const deadline = performance.now() + WITHIN_MS;
  while ((await left()) > 0) {
    if (performance.now() > deadline) throw new Error(`${await left()} replies are left after ${WITHIN_MS / 1000} s`);
    await delay(500);
  }
  stopping.abort();
  await running;
  await session.close();
}
