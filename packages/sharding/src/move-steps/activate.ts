import { oneRow } from '@stoa/postgres';
import type { MoveContext } from './context.js';
import { MoveStalled } from './errors.js';

/**
 * Activates the destination after the switch: the source releases the buckets for good before the destination serves.
 */
export async function activate(ctx: MoveContext): Promise<void> {
  const { move, fencedAt, fenceSteps, sessions } = ctx;
  await ctx.step('open snapshot', () => openSnapshot(ctx));
  await ctx.step('retire source', () => setState(ctx, 'source', 'gone', ['fenced', 'gone']));
  await ctx.step('activate destination', () => setState(ctx, 'destination', 'owned', ['ready', 'owned']));
  // Clients that wait for the destination retry at once; the phase can be recorded later.
  await sessions.directory.query(`SELECT pg_notify('sharding', $1)`, [move.keyspace]);
  const closed = fencedAt === undefined ? {} : { fencedMs: Math.round(performance.now() - fencedAt), fenceSteps };
  await ctx.enter('active', closed);
}

/** Takes a snapshot of the destination before anybody can write to it, for the comparison with the frozen source. */
async function openSnapshot(ctx: MoveContext): Promise<void> {
  // Only a mover that resumes the move may find rows written there already.
  if (ctx.fencedAt === undefined && (await isServed(ctx))) return;
  const snapshot = ctx.spare ?? (await ctx.openSpare());
  await snapshot.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT FROM sharding.identity');
  ctx.snapshot = snapshot;
}

async function isServed({ sessions, move }: MoveContext): Promise<boolean> {
  const { served } = await oneRow<{ served: boolean }>(
    sessions.destination,
    `SELECT EXISTS (SELECT FROM sharding.bucket_owner WHERE bucket = ANY ($1) AND state = 'owned') AS served`,
    [move.buckets],
  );
  return served;
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
