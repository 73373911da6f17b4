import { oneRow } from '../postgres/sql.js';
import type { MoveContext } from './context.js';
import { MoveStalled } from './errors.js';

/** Hands the buckets over after the switch: the source lets go for good before the destination serves. */
export async function activate(ctx: MoveContext): Promise<void> {
  const { move } = ctx;
  await ctx.step('open snapshot', () => openSnapshot(ctx));
  await ctx.step('retire source', () => setState(ctx, 'source', 'gone', ['fenced', 'gone']));
  await ctx.step('activate destination', () => setState(ctx, 'destination', 'owned', ['ready', 'owned']));
  const fencedMs = ctx.fencedAt > 0 ? { fencedMs: Math.round(performance.now() - ctx.fencedAt) } : {};
  // Clients that found the destination not ready yet try again at once.
  await ctx.enter('active', fencedMs, async (tx) => {
    await tx.query(`SELECT pg_notify('sharding', $1)`, [move.keyspace]);
  });
}

/** Keeps the destination as it is before anybody can write to it, for the comparison with the frozen source. */
async function openSnapshot(ctx: MoveContext): Promise<void> {
  const { served } = await oneRow<{ served: boolean }>(
    ctx.sessions.destination,
    `SELECT EXISTS (SELECT FROM sharding.bucket_owner WHERE bucket = ANY ($1) AND state = 'owned') AS served`,
    [ctx.move.buckets],
  );
  if (served) return;
  const snapshot = await ctx.openSnapshot();
  await snapshot.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  await snapshot.query('SELECT FROM sharding.identity');
  ctx.snapshot = snapshot;
}

async function setState(
  ctx: MoveContext,
  where: 'source' | 'destination',
  state: string,
  from: readonly string[],
): Promise<void> {
  const { move } = ctx;
  await ctx.change(where, async (tx) => {
    const { rowCount } = await tx.query(
      'UPDATE sharding.bucket_owner SET state = $1 WHERE bucket = ANY ($2) AND state = ANY ($3) AND move_id = $4',
      [state, move.buckets, from, move.id],
    );
    if (rowCount === move.buckets.length) return;
    throw new MoveStalled(`Not all buckets of move ${move.id} are ${from.join(' or ')} at ${move[where]}`);
  });
}
