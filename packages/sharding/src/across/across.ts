import type { Sql } from '@stoa/postgres';
import { queryAll, withRetries, withOwnershipProof, type ShardTarget, type AcrossOptions } from './query-shards.js';
import { fromCursor, toCursor, type Position } from './cursor.js';
import { visitInStep, withCursors } from './aggregates.js';
import { compareKeys, KEY, pageStatement, type Direction, type Key, type KeyColumn } from './keyset.js';
import { mergeSorted } from './merge.js';

/** A query that every shard runs over the buckets it serves. */
export interface AcrossQuery {
  /** One SELECT. `$1` is a smallint array of the shard's buckets; every table must be filtered by it. */
  readonly text: string;
  /** Parameters from `$2` on. */
  readonly values?: readonly unknown[];
}

/** A query for one page of a list. */
export interface PageQuery extends AcrossQuery {
  readonly orderBy: readonly KeyColumn[];
  readonly direction?: Direction;
  readonly limit: number;
  /** `next` or `previous` of another page of this list. */
  readonly cursor?: string | undefined;
}

/** One page of a list. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Cursor of the next page; undefined at the end. */
  readonly next: string | undefined;
  /** Cursor of the previous page; undefined at the beginning. */
  readonly previous: string | undefined;
}

/** A query for aggregates by a text key. */
export interface AggregatesQuery extends AcrossQuery {
  /** A text column of the query's rows; each shard returns at most one row for each of its values. */
  readonly key: string;
}

type WithKey<Row> = Row & { readonly [KEY]: Key };

/**
 * Across exists to query all shards of a keyspace without missing a bucket or counting it twice; it works by letting
 * each shard prove, through the snapshot that it reads, that it serves its buckets. Each shard reads its own snapshot:
 * the result is not one moment of the keyspace.
 */
export class Across {
  constructor(private readonly options: AcrossOptions) {}

  /** Reads one page in key order. Each shard reads at most `limit + 1` rows. @throws AcrossUnavailable, BadCursor */
  async page<Row extends object>(query: PageQuery): Promise<Page<Row>> {
    const { orderBy, direction = 'asc', limit, values = [], cursor } = query;
    const list = [orderBy, direction, values];
    const position = cursor === undefined ? undefined : fromCursor(list, cursor, orderBy);
    const backwards = position?.side === 'before';
    const way: Direction = backwards === (direction === 'asc') ? 'desc' : 'asc';
    const text = pageStatement(query.text, values.length + 1, orderBy, way, position?.key);
    const rowsByShard = await this.query<WithKey<Row>>({
      text,
      values: [...values, ...(position?.key ?? []), limit + 1],
    });
    const compare = compareKeys(orderBy, way);
    const { merged, more } = mergeSorted(rowsByShard, (a, b) => compare(a[KEY], b[KEY]), limit);
    if (backwards) merged.reverse();
    const cursorAt = (side: Position['side'], key: Key | undefined): string | undefined =>
      key && toCursor(list, { side, key });
    return {
      rows: merged.map((row) => withoutKey<Row>(row)),
      next: backwards || more ? cursorAt('after', merged.at(-1)?.[KEY]) : undefined,
      previous: (backwards ? more : position !== undefined) ? cursorAt('before', merged[0]?.[KEY]) : undefined,
    };
  }

  /** Reads the rows of every shard, which the caller combines. @throws AcrossUnavailable */
  async partials<Row extends object>(query: AcrossQuery): Promise<Row[]> {
    return (await this.query<Row>(query)).flat();
  }

  /** Adds the shards' counts and sums up per combination of the `groupBy` columns. @throws AcrossUnavailable */
  async totals(query: AcrossQuery, groupBy: readonly string[], sums: readonly string[]): Promise<Total[]> {
    return addUp(await this.partials<Record<string, unknown>>(query), groupBy, sums);
  }

  /**
   * Reads aggregates that do not fit into memory: the rows of all shards, key by key, in the order of the key's bytes.
   * Holds one connection and at most 2,000 rows of every shard at a time.
   * @param start called for each attempt; returns the function that is called once per key.
   * @throws AcrossUnavailable
   */
  async aggregates<Row extends object>(
    { text, values = [], key }: AggregatesQuery,
    start: () => (key: string, rows: readonly Row[]) => void,
  ): Promise<void> {
    filtered(text);
    const column = `"${key.replaceAll('"', '""')}"`;
    const ordered = `SELECT q.* FROM (${text}) AS q ORDER BY q.${column} COLLATE "C"`;
    const statement = { text: ordered, values, timeoutMs: this.options.timeoutMs };
    const keyOf = (row: Row): string => (row as Record<string, string>)[key] ?? '';
    await withRetries(this.options, (targets) =>
      withCursors<Row, void>(targets, statement, (lists) => visitInStep(lists, keyOf, start())),
    );
  }

  private async query<Row extends object>({ text, values = [] }: AcrossQuery): Promise<Row[][]> {
    filtered(text);
    const { timeoutMs } = this.options;
    const read = async (tx: Sql, { buckets }: ShardTarget): Promise<Row[]> =>
      withOwnershipProof(tx, buckets, timeoutMs, async () => (await tx.query<Row>(text, [buckets, ...values])).rows);
    return withRetries(this.options, (targets) =>
      queryAll(targets, timeoutMs, (one) => one.server.transaction((tx) => read(tx, one))),
    );
  }
}

function filtered(text: string): void {
  if (!/\$1\b/.test(text)) throw new Error('A query across shards must be filtered by the buckets in $1');
}

function withoutKey<Row>(row: object): Row {
  const { [KEY]: _, ...rest } = row as Record<string, unknown>;
  return rest as Row;
}

/** One combination of the `groupBy` columns, with its sums as exact whole numbers. */
export interface Total {
  readonly group: Readonly<Record<string, unknown>>;
  readonly sums: Readonly<Record<string, bigint>>;
}

/** Adds whole numbers (as text, number or bigint) per group of rows, in the order in which groups first appear. */
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
