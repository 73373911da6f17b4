import { oneRow, type Sql } from '@stoa/postgres';
import type { MoveContext } from './context.js';
import { MoveStalled } from './errors.js';
import { movedTables } from '../installation/sharded-tables.js';

/**
 * Deletes the buckets' rows on the side that does not serve them, in batches, so that no lock and no log record grows
 * large. It runs as `replica`, where the fence and foreign keys don't fire, and under a replication origin, so that a
 * subscription with `origin = none` does not send the deletes to the side that serves.
 */
export async function purge(ctx: MoveContext, where: 'source' | 'destination'): Promise<void> {
  const session = ctx.sessions[where];
  const origin = `${ctx.name}_purge`;
  const tables = await movedTables(session);
  let rows = 0;
  await createOrigin(session, origin);
  await session.query('SELECT pg_replication_origin_session_setup($1)', [origin]);
  try {
    for (const table of tables) {
      for (let deleted = 1; deleted > 0; rows += deleted) {
        deleted = await ctx.change(where, (tx) => purgeBatch(ctx, tx, table));
        ctx.hooks.onProgress?.({ move: ctx.move.id, step: 'purge', rows });
      }
    }
  } finally {
    // Fails only when the session is lost, which frees the origin anyway.
    await session.query('SELECT pg_replication_origin_session_reset()').catch(() => undefined);
  }
  await session.query('SELECT pg_replication_origin_drop($1)', [origin]);
}

async function createOrigin(session: Sql, origin: string): Promise<void> {
  await session.query(
    `SELECT pg_replication_origin_create($1) WHERE NOT EXISTS (SELECT FROM pg_replication_origin WHERE roname = $1)`,
    [origin],
  );
}

async function purgeBatch({ move, limits }: MoveContext, tx: Sql, table: string): Promise<number> {
  await tx.query('SET LOCAL session_replication_role = replica');
  const { serving } = await oneRow<{ serving: boolean }>(
    tx,
    `SELECT EXISTS (SELECT FROM sharding.bucket_owner WHERE bucket = ANY ($1) AND state IN ('owned', 'fenced')) AS serving`,
    [move.buckets],
  );
  if (serving) throw new MoveStalled(`Move ${move.id} must not purge buckets that this shard serves`);
  const { rowCount } = await tx.query(
    `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE bucket = ANY ($1) LIMIT $2))`,
    [move.buckets, limits.purgeRows],
  );
  return rowCount ?? 0;
}
