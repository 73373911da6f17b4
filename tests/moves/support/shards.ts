import { MOVED } from './settings.js';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { moveHooks } from '@stoa/messaging/moves';
import { bucketOf, type MoveHooks, type MoveRequest, RowsDiffer } from '@stoa/sharding/testing';
import { type Move, Mover, verify } from '@stoa/sharding';
import { eventually } from '@stoa/testing';
import { root } from '../../support/stack.js';
import { killOwnServer, ownServer } from './own-server.js';
import type { Shopper } from '../../support/load/shopper.js';
import { directoryUrl, kill, sql, superuserUrl, type Keyspace } from '../../support/servers.js';

/** A mover as those of operators are; it may be followed step by step. */
export const mover = async (onStep?: MoveHooks['onStep']): Promise<Mover> =>
  new Mover({ directoryUrl: await directoryUrl(), hooks: { ...moveHooks, ...(onStep && { onStep }) } });

/** Plans a move and brings it to its end. */
export async function move(request: MoveRequest): Promise<Move> {
  return bringToEnd(await (await mover()).planMove(request));
}

/** Takes a move up, unless another mover does, and waits for its end. @throws RowsDiffer */
export async function bringToEnd(id: string, timeoutMs = 80_000): Promise<Move> {
  const mine = await mover();
  const ended = await eventually(
    async () => {
      const now = await mine.readMove(id);
      if (now.phase === 'done' || now.phase === 'aborted') return now;
      return mine.runMove(id).catch((error: unknown) => {
        if (error instanceof RowsDiffer) return error;
        throw error;
      });
    },
    { timeoutMs },
  );
  if (ended instanceof RowsDiffer) throw ended;
  return ended;
}

/** The buckets of a shard, in order. */
export async function bucketsOn(keyspace: Keyspace, shard: string): Promise<number[]> {
  const text = 'SELECT bucket FROM sharding.bucket_map WHERE keyspace = $1 AND shard = $2 ORDER BY bucket';
  return (await sql<{ bucket: number }>(await directoryUrl(), text, [keyspace, shard])).map(({ bucket }) => bucket);
}

/** Which shard holds a bucket. */
export async function shardOf(keyspace: Keyspace, bucket: number): Promise<string> {
  const text = 'SELECT shard FROM sharding.bucket_map WHERE keyspace = $1 AND bucket = $2';
  const [row] = await sql<{ shard: string }>(await directoryUrl(), text, [keyspace, bucket]);
  return row?.shard ?? '';
}

/** So many buckets of names are asked for at a time: those who register or sign in meanwhile may have any name. */
const NAMES_AT_ONCE = 8;

/** Buckets of a shard that have shoppers, or the names they sign in with. */
export async function busy(
  shoppers: readonly Shopper[],
  keyspace: Keyspace,
  shard: string,
  count: number,
): Promise<number[]> {
  const there = await bucketsOn(keyspace, shard);
  if (keyspace !== 'lookup') {
    const theirs = new Set(shoppers.map(({ bucket }) => bucket));
    return there.filter((bucket) => theirs.has(bucket)).slice(0, count);
  }
  const named = new Set(shoppers.flatMap(({ email }) => (email === undefined ? [] : [bucketOf(email)])));
  const namesFirst = there.toSorted((a, b) => Number(named.has(b)) - Number(named.has(a)));
  return namesFirst.slice(0, count * NAMES_AT_ONCE);
}

/** Where each shard of a keyspace is, for whoever administers it. */
export async function adminUrls(keyspace: Keyspace): Promise<ReadonlyMap<string, string>> {
  const text = 'SELECT shard, admin_url FROM sharding.shards WHERE keyspace = $1 ORDER BY shard';
  const rows = await sql<{ shard: string; admin_url: string }>(await directoryUrl(), text, [keyspace]);
  return new Map(rows.map(({ shard, admin_url: url }) => [shard, url]));
}

/** `npm run shards -- …`, but for a look whether everything is built. @returns what it wrote. */
export async function command(...words: readonly string[]): Promise<string> {
  const program = path.join(root, 'infra/local/dist/main.js');
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'shards', ...words], {
    cwd: root,
    timeout: 600_000,
  });
  return stdout;
}

/** Adds servers beside the stack as shards of both keyspaces, as an operator does. */
export async function addServers(...names: readonly string[]): Promise<void> {
  for (const name of names) await command('add', ownServer(name).url, '--name', name);
}

/** Empties them, and takes them out. */
export async function removeServers(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await command('drain', name, '--group', '256');
    await command('remove', name);
  }
}

/** SIGKILL for the server of a shard, or `main`, which has the directory. @returns when it answers again. */
export async function killServer(name: string): Promise<void> {
  if (!['main', 'shard1', 'shard2'].includes(name)) return killOwnServer(name);
  const url = await superuserUrl(name, 'postgres');
  await kill(`postgres-${name}`);
  await eventually(() => sql(url, 'SELECT 1'));
}

/** No move is under way any more. */
export async function noMoves(timeoutMs: number): Promise<void> {
  const mine = await mover();
  await eventually(
    async () => {
      const moves = await Promise.all(MOVED.map((keyspace) => mine.unfinishedMoves(keyspace)));
      expect(moves.flat().map(({ id, phase }) => `${id} ${phase}`)).toEqual([]);
    },
    { timeoutMs },
  );
}

/** Every row of the shards' owner tables and of the map, with the transactions that wrote them. */
export async function ownersAndMap(): Promise<unknown[]> {
  const map = 'SELECT *, xmin::text FROM sharding.bucket_map ORDER BY keyspace, bucket';
  const owners = 'SELECT *, xmin::text FROM sharding.bucket_owner ORDER BY bucket';
  const all = [await sql(await directoryUrl(), map)];
  for (const keyspace of MOVED) {
    for (const url of (await adminUrls(keyspace)).values()) all.push(await sql(url, owners));
  }
  return all;
}

/** Map, owners and rows agree, and moves left nothing over: no slot, subscription, publication, origin or marker. */
export async function expectClean(): Promise<void> {
  const directory = await directoryUrl();
  for (const keyspace of MOVED) {
    expect(await verify(directory, keyspace)).toMatchObject({ findings: [], moving: [] });
    for (const url of (await adminUrls(keyspace)).values()) {
      const [left] = await sql<Record<string, string[]>>(url, LEFT_OVER);
      expect(left).toEqual({ publications: [], subscriptions: [], slots: [], origins: [], markers: [], reserved: [] });
    }
  }
}

const LEFT_OVER = `SELECT
  ARRAY(SELECT pubname::text FROM pg_publication) AS publications,
  ARRAY(SELECT subname::text FROM pg_subscription) AS subscriptions,
  ARRAY(SELECT slot_name::text FROM pg_replication_slots) AS slots,
  ARRAY(SELECT roname FROM pg_replication_origin) AS origins,
  ARRAY(SELECT move_id::text FROM sharding.markers UNION SELECT move_id::text FROM sharding.attempts) AS markers,
  ARRAY(SELECT bucket::text FROM sharding.bucket_owner WHERE move_id IS NOT NULL) AS reserved`;
