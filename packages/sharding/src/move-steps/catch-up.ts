import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { oneRow, type Sql } from '@stoa/postgres';
import type { MoveContext } from './context.js';
import type { MoveLimits } from './move-limits.js';
import { MoveStalled } from './errors.js';
import { keepEnabled, waitForCopy } from './replicate.js';
import { drainedTables } from '../installation/sharded-tables.js';
import { pollUntil } from './poll-until.js';

const HOOK_POLL_MS = 50;

/** Writes a marker at the source, in the caller's transaction. @returns the marker. */
export async function writeMarker({ move }: MoveContext, source: Sql): Promise<string> {
  const marker = randomUUID();
  await source.query('INSERT INTO sharding.markers (move_id, marker) VALUES ($1, $2)', [move.id, marker]);
  return marker;
}

/** Waits for a marker at the destination. @returns false when it did not arrive in time. */
export function markerArrives({ move, sessions }: MoveContext, marker: string, withinMs: number): Promise<boolean> {
  return pollUntil(withinMs, 3, async () => {
    const { rowCount } = await sessions.destination.query(
      'SELECT FROM sharding.markers WHERE move_id = $1 AND marker = $2',
      [move.id, marker],
    );
    return rowCount === 1;
  });
}

/** Counts the rows of the move's buckets in the source's queues. */
export async function queuedRows({ sessions, move, queues }: MoveContext): Promise<number> {
  if (queues.length === 0) return 0;
  const counts = queues.map((name) => `(SELECT count(*) FROM ${name} WHERE bucket = ANY ($1))`);
  const { queued } = await oneRow<{ queued: string }>(sessions.source, `SELECT ${counts.join(' + ')} AS queued`, [
    move.buckets,
  ]);
  return Number(queued);
}

/**
 * Computes the replication lag that is accepted after `waitedMs`: lagMs at first, half of markerMs in the end. On a
 * machine that is always busy, a longer wait of writes is better than a move that never ends.
 */
export function allowedLagMs(
  { lagMs, markerMs, stallMs }: Pick<MoveLimits, 'lagMs' | 'markerMs' | 'stallMs'>,
  waitedMs: number,
): number {
  const relaxed = (markerMs / 2) * Math.min(1, waitedMs / (stallMs / 2));
  return Math.max(lagMs, relaxed);
}

/**
 * Waits until a fence would be short: everything is copied (still, after a crash of the destination), replication is
 * quick, queues are nearly empty, and the hook `caughtUp` returns true.
 * @throws MoveStalled when that is not so within stallMs.
 */
export async function catchUp(ctx: MoveContext): Promise<void> {
  const { limits, hooks, sessions, move } = ctx;
  await waitForCopy(ctx);
  ctx.queues = await drainedTables(sessions.source);
  const begun = performance.now();
  for (;;) {
    const started = performance.now();
    const marker = await ctx.change('source', (tx) => writeMarker(ctx, tx));
    const arrived = await markerArrives(ctx, marker, limits.markerMs);
    const quick = arrived && performance.now() - started <= allowedLagMs(limits, started - begun);
    const known = (await hooks.caughtUp?.(sessions.source, sessions.destination)) ?? true;
    const queued = await queuedRows(ctx);
    if (quick && known && queued <= limits.queueRows) return;
    if (performance.now() > begun + limits.stallMs) {
      const slow = `${move.destination} is behind what is written to these buckets (move fewer at once, or when less is written)`;
      const reasons = [
        ...(quick ? [] : [slow]),
        ...(known ? [] : [`${move.destination} knows less of other services than ${move.source} does`]),
        ...(queued <= limits.queueRows ? [] : [`${queued} rows wait in the queues of ${move.source}`]),
      ];
      throw new MoveStalled(`Move ${move.id} does not catch up: ${reasons.join('; ')}`);
    }
    if (!known) await delay(HOOK_POLL_MS);
    await keepEnabled(ctx);
  }
}
