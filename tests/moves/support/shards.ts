import { Mover, verify, type Move, type MoveRequest } from '@stoa/sharding';
import { eventually } from '../../support/shop.js';
import { stoa } from '../../support/stack.js';
import { killOwnServer, ownServer } from './own-server.js';
import type { Shopper } from './shopper.js';
import { directoryUrl, KEYSPACES, kill, sql, superuserUrl, type Keyspace } from './stack.js';

export const mover = async (): Promise<Mover> => new Mover({ directoryUrl: await directoryUrl() });

/** Plans a move and brings it to its end. */
export async function move(request: MoveRequest): Promise<Move> {
  return bringToEnd(await (await mover()).planMove(request));
}

/** Takes a move up, unless another mover does, and waits for its end. */
export async function bringToEnd(id: string, timeoutMs = 80_000): Promise<Move> {
  const mine = await mover();
  return eventually(async () => {
    const { phase } = await mine.readMove(id);
    if (phase === 'done' || phase === 'aborted') return mine.readMove(id);
    return mine.runMove(id);
  }, timeoutMs);
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

/** Buckets of a shard that have shoppers. */
export async function busy(
  shoppers: readonly Shopper[],
  keyspace: Keyspace,
  shard: string,
  count: number,
): Promise<number[]> {
  const there = new Set(await bucketsOn(keyspace, shard));
  return [...new Set(shoppers.map(({ bucket }) => bucket))].filter((bucket) => there.has(bucket)).slice(0, count);
}

/** Brings buckets of shoppers to one shard, in both keyspaces. @returns them. */
export async function gather(shoppers: readonly Shopper[], shard: string, count: number): Promise<number[]> {
  const buckets = [...new Set(shoppers.map(({ bucket }) => bucket))].slice(0, count);
  for (const keyspace of KEYSPACES) {
    for (const from of (await adminUrls(keyspace)).keys()) {
      const there = new Set(await bucketsOn(keyspace, from));
      const some = buckets.filter((bucket) => there.has(bucket));
      if (from !== shard && some.length > 0) await move({ keyspace, buckets: some, from, to: shard });
    }
  }
  return buckets;
}

/** Where each shard of a keyspace is, for whoever administers it. */
export async function adminUrls(keyspace: Keyspace): Promise<ReadonlyMap<string, string>> {
  const text = 'SELECT shard, admin_url FROM sharding.shards WHERE keyspace = $1 ORDER BY shard';
  const rows = await sql<{ shard: string; admin_url: string }>(await directoryUrl(), text, [keyspace]);
  return new Map(rows.map(({ shard, admin_url: url }) => [shard, url]));
}

/** Adds servers beside the stack as shards of both keyspaces, as an operator does. */
export async function addServers(...names: readonly string[]): Promise<void> {
  for (const name of names) await stoa('shards', 'add', ownServer(name).url, '--name', name);
}

/** Empties them, and takes them out. */
export async function removeServers(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await stoa('shards', 'drain', name);
    await stoa('shards', 'remove', name);
  }
}

/** SIGKILL for the server of a shard, or `main`, which has the directory. @returns when it answers again. */
export async function killServer(name: string): Promise<void> {
  if (!['main', 'shard1', 'shard2'].includes(name)) return killOwnServer(name);
  const url = await superuserUrl(name, 'postgres');
  await kill(`postgres-${name}`);
  await eventually(() => sql(url, 'SELECT 1'), 60_000);
}

/** No move is under way any more. */
export async function noMoves(timeoutMs: number): Promise<void> {
  const mine = await mover();
  await eventually(async () => {
    const moves = await Promise.all(KEYSPACES.map((keyspace) => mine.unfinishedMoves(keyspace)));
    expect(moves.flat().map(({ id, phase }) => `${id} ${phase}`)).toEqual([]);
  }, timeoutMs);
}

/** Every row of the shards' owner tables and of the map, with the transactions that wrote them. */
export async function ownersAndMap(): Promise<unknown[]> {
  const map = 'SELECT *, xmin::text FROM sharding.bucket_map ORDER BY keyspace, bucket';
  const owners = 'SELECT *, xmin::text FROM sharding.bucket_owner ORDER BY bucket';
  const all = [await sql(await directoryUrl(), map)];
  for (const keyspace of KEYSPACES) {
    for (const url of (await adminUrls(keyspace)).values()) all.push(await sql(url, owners));
  }
  return all;
}

/** Map, owners and rows agree, and moves left nothing over: no slot, subscription, publication, origin or marker. */
export async function expectClean(): Promise<void> {
  const directory = await directoryUrl();
  for (const keyspace of KEYSPACES) {
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
