import type { Sql } from '@stoa/postgres';
import { withServerTimeout } from '@stoa/timing';
import { withOwnershipProof, type ShardTarget } from './query-shards.js';
import { ShardsFailed } from './errors.js';

const BATCH = 2_000;
const CURSOR = 'stoa_groups';

interface CursorStatement {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly timeoutMs?: number | undefined;
}

/** One shard's rows in key order, 2,000 at a time. */
export interface OrderedRows<Row> {
  next(): Promise<readonly Row[]>;
}

/**
 * Opens a transaction on every shard, one within the other, and a cursor in each. All processes open shards in the same
 * order, so that two of them never wait for each other's connections.
 */
export async function withCursors<Row, T>(
  targets: readonly ShardTarget[],
  statement: CursorStatement,
  work: (shards: readonly OrderedRows<Row>[]) => Promise<T>,
): Promise<T> {
  const ordered = targets.toSorted((a, b) => (a.shard < b.shard ? -1 : 1));
  const openFrom = async (index: number, opened: readonly OrderedRows<Row>[]): Promise<T> => {
    const one = ordered[index];
    if (!one) return work(opened);
    try {
      return await one.server.transaction((tx) => openFrom(index + 1, [...opened, rowsOf<Row>(tx, one, statement)]));
    } catch (error) {
      throw error instanceof ShardsFailed ? error : new ShardsFailed([{ shard: one.shard, reason: error }]);
    }
  };
  return openFrom(0, []);
}

/** Declares the cursor at the first read: until then nothing was sent, and no transaction is idle. */
function rowsOf<Row>(tx: Sql, { shard, buckets }: ShardTarget, statement: CursorStatement): OrderedRows<Row> {
  const { text, values, timeoutMs } = statement;
  let declared = false;
  const fetch = async (): Promise<readonly Row[]> => (await tx.query<Row>(`FETCH ${BATCH} FROM ${CURSOR}`)).rows;
  const declare = async (): Promise<readonly Row[]> => {
    const all = [
      // All rows are read, so a plan that is quick for the first few would be the wrong one.
      tx.query('SET LOCAL cursor_tuple_fraction = 1'),
      tx.query(`DECLARE ${CURSOR} NO SCROLL CURSOR FOR ${text}`, [buckets, ...values]),
      fetch(),
    ] as const;
    const [, , first] = await Promise.all(all);
    return first;
  };
  const next = async (): Promise<readonly Row[]> => {
    if (declared) return fetch();
    declared = true;
    return withOwnershipProof(tx, buckets, timeoutMs, declare);
  };
  return {
    next: () =>
      withServerTimeout(timeoutMs, next()).catch((error: unknown) => {
        throw new ShardsFailed([{ shard, reason: error }]);
      }),
  };
}

/** Reads sorted lists in step, and calls `visit` once per key with the rows of all lists. */
export async function visitInStep<Row>(
  lists: readonly OrderedRows<Row>[],
  keyOf: (row: Row) => string,
  visit: (key: string, rows: readonly Row[]) => void,
): Promise<void> {
  const heads = await openAll(lists);
  for (;;) {
    const first = smallest(heads, keyOf);
    if (first === undefined) return;
    const rows: Row[] = [];
    for (const head of heads) {
      const row = head.rows[head.at];
      if (row === undefined || keyOf(row) !== first) continue;
      rows.push(row);
      head.at += 1;
      if (head.at === head.rows.length) {
        head.rows = await head.list.next();
        head.at = 0;
      }
    }
    visit(first, rows);
  }
}

interface Head<Row> {
  readonly list: OrderedRows<Row>;
  rows: readonly Row[];
  at: number;
}

/** Waits for all lists before it fails: no statement may run on a connection that returns to its pool. */
async function openAll<Row>(lists: readonly OrderedRows<Row>[]): Promise<Head<Row>[]> {
  const first = await Promise.allSettled(lists.map((list) => list.next()));
  const failures = first.flatMap((one) =>
    one.status === 'rejected' && one.reason instanceof ShardsFailed ? one.reason.failures : [],
  );
  if (failures.length > 0) throw new ShardsFailed(failures);
  return lists.map((list, index) => {
    const one = first[index];
    if (one?.status !== 'fulfilled') throw one?.reason;
    return { list, rows: one.value, at: 0 };
  });
}

/** The smallest key by bytes, as the servers order them. */
function smallest<Row>(heads: readonly Head<Row>[], keyOf: (row: Row) => string): string | undefined {
  let best: string | undefined;
  for (const { rows, at } of heads) {
    const row = rows[at];
    if (row === undefined) continue;
    const key = keyOf(row);
    if (best === undefined || Buffer.compare(Buffer.from(key), Buffer.from(best)) < 0) best = key;
  }
  return best;
}
