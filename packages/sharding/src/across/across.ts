import type { MapClient } from '../map/map-client.js';
import { bucketsByShard, unplaced, type ShardMap } from '../map/shard-map.js';
import { isTransient, NOT_HERE } from '../postgres/errors.js';
import { oneRow, type Sql } from '../postgres/sql.js';
import type { ShardServer } from '../routing/shard-server.js';
import {
  compareKeys,
  fromCursor,
  KEY,
  pageStatement,
  toCursor,
  type Direction,
  type Key,
  type KeyColumn,
} from './keyset.js';
import { mergeSorted } from './merge.js';

/** A query that all shards answer for the buckets they serve. */
export interface AcrossQuery {
  /** One SELECT. `$1` is a smallint array of the buckets that a shard answers for, and every table must be filtered by it. */
  readonly text: string;
  /** From `$2` on. */
  readonly values?: readonly unknown[];
}

export interface PageQuery extends AcrossQuery {
  readonly orderBy: readonly KeyColumn[];
  readonly direction?: Direction;
  readonly limit: number;
  /** The page behind, or before, a cursor that an earlier page gave. */
  readonly after?: string;
  readonly before?: string;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Cursor of the next page; undefined at the end. */
  readonly next: string | undefined;
  /** Cursor of the page before; undefined at the beginning. */
  readonly previous: string | undefined;
}

/** Not every shard could prove in time that it serves its buckets, or answer at all. No part of an answer is given. */
export class AcrossUnavailable extends Error {
  override readonly name = 'AcrossUnavailable';
}

export interface AcrossOptions {
  readonly map: MapClient;
  /** The pools of the shards, named `<keyspace>@<shard>`: those of a ShardedDatabase. */
  readonly servers: () => readonly ShardServer[];
  /** How long a query is tried again while buckets move, in milliseconds. */
  readonly patienceMs?: number;
}

type WithKey<Row> = Row & { readonly [KEY]: Key };

/**
 * Queries over all shards. Every bucket is answered for exactly once, by a shard that proves through the same snapshot
 * that it serves it. Each shard answers from a snapshot of its own: the whole is not one moment of the keyspace.
 */
export class Across {
  constructor(private readonly options: AcrossOptions) {}

  /** One page in the order of the key. Each shard reads at most `limit + 1` rows. @throws AcrossUnavailable, BadCursor */
  async page<Row extends object>(query: PageQuery): Promise<Page<Row>> {
    const { orderBy, direction = 'asc', limit, values = [] } = query;
    const backwards = query.before !== undefined;
    const cursor = query.before ?? query.after;
    const from = cursor === undefined ? undefined : fromCursor(cursor, orderBy);
    const way: Direction = backwards === (direction === 'asc') ? 'desc' : 'asc';
    const text = pageStatement(query.text, values.length + 1, orderBy, way, from);
    const parts = await this.ask<WithKey<Row>>({ text, values: [...values, ...(from ?? []), limit + 1] });
    const compare = compareKeys(orderBy, way);
    const { merged, more } = mergeSorted(parts, (a, b) => compare(a[KEY], b[KEY]), limit);
    if (backwards) merged.reverse();
    const first = merged[0]?.[KEY];
    const last = merged.at(-1)?.[KEY];
    return {
      rows: merged.map((row) => withoutKey<Row>(row)),
      next: last && (backwards || more) ? toCursor(last) : undefined,
      previous: first && (backwards ? more : from !== undefined) ? toCursor(first) : undefined,
    };
  }

  /** The rows of every shard: partial results, which the caller combines. @throws AcrossUnavailable */
  async partials<Row extends object>(query: AcrossQuery): Promise<Row[]> {
    return (await this.ask<Row>(query)).flat();
  }

  /** Adds up partial results per group: counts and sums of each shard to those of all. @throws AcrossUnavailable */
  async totals(query: AcrossQuery, groupBy: readonly string[], sums: readonly string[]): Promise<Total[]> {
    return addUp(await this.partials<Record<string, unknown>>(query), groupBy, sums);
  }

  private async ask<Row extends object>({ text, values = [] }: AcrossQuery): Promise<Row[][]> {
    if (!/\$1\b/.test(text)) throw new Error('A query across shards must be filtered by the buckets in $1');
    const { map, patienceMs = 5_000 } = this.options;
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const snapshot = map.current;
      try {
        return await this.askAll<Row>(snapshot, text, values);
      } catch (error) {
        if (!isTransient(error)) throw error;
        if (performance.now() > deadline) throw new AcrossUnavailable('Not all shards could answer', { cause: error });
        await map.refresh().catch(() => undefined);
        if (map.current.version === snapshot.version) await map.changeWithin(20);
      }
    }
  }

  private async askAll<Row>(map: ShardMap, text: string, values: readonly unknown[]): Promise<Row[][]> {
    if (unplaced(map).length > 0) throw stale('no shard holds some buckets');
    const servers = new Map(this.options.servers().map((server) => [server.name, server]));
    const asked = [...bucketsByShard(map)].map(([shard, buckets]) => {
      const server = servers.get(`${map.keyspace}@${shard}`);
      if (!server) throw stale(`there is no connection to ${shard}`);
      return server.transaction((tx) => answer<Row>(tx, buckets, text, values));
    });
    // All are waited for, also after a failure: no query is left running behind the caller's back.
    const answers = await Promise.allSettled(asked);
    return answers.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
  }
}

/** Proof and answer come from one snapshot. */
async function answer<Row>(
  tx: Sql,
  buckets: readonly number[],
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  const { served } = await oneRow<{ served: string }>(
    tx,
    `SELECT count(*) AS served FROM sharding.bucket_owner
     WHERE bucket = ANY ($1::smallint[]) AND state IN ('owned', 'fenced')`,
    [buckets],
  );
  if (Number(served) !== buckets.length) throw stale(`${buckets.length - Number(served)} buckets are not here`);
  return (await tx.query<Row>(text, [buckets, ...values])).rows;
}

const stale = (reason: string): Error => Object.assign(new Error(reason), { code: NOT_HERE });

function withoutKey<Row>(row: object): Row {
  const { [KEY]: _, ...rest } = row as Record<string, unknown>;
  return rest as Row;
}

/** A group's own values, and its sums as exact whole numbers. */
export interface Total {
  readonly group: Readonly<Record<string, unknown>>;
  readonly sums: Readonly<Record<string, bigint>>;
}

/** Adds whole numbers (as text, number or bigint) per group, in the order in which groups first appear. */
export function addUp(
  rows: readonly Record<string, unknown>[],
  groupBy: readonly string[],
  sums: readonly string[],
): Total[] {
  const totals = new Map<string, { group: Record<string, unknown>; sums: Record<string, bigint> }>();
  for (const row of rows) {
    const group = Object.fromEntries(groupBy.map((column) => [column, row[column]]));
    const key = JSON.stringify(groupBy.map((column) => row[column]));
    const total = totals.get(key) ?? { group, sums: Object.fromEntries(sums.map((column) => [column, 0n])) };
    for (const column of sums) total.sums[column] = (total.sums[column] ?? 0n) + BigInt((row[column] ?? 0) as string);
    totals.set(key, total);
  }
  return [...totals.values()];
}
