import { codeOf } from '../postgres/errors.js';
import type { Session } from '../postgres/session.js';
import { oneRow, type Sql } from '../postgres/sql.js';
import type { MoveContext } from './context.js';
import { FenceTimeout, MoveStalled, StaleMover } from './errors.js';
import { markerArrives, queuedRows } from './catch-up.js';
import type { Move } from './phases.js';
import { isCopied } from './replicate.js';
import { advanceSequences, compareSchemas } from './schema.js';
import { until } from './wait.js';

/** Class of the advisory locks on buckets, as in shard.sql. */
const BUCKET_LOCK = 1_398_034_241;

/**
 * Refuses writes to the buckets at the source, waits until those under way have ended and all has reached the
 * destination, and switches the map.
 * @throws FenceTimeout when something does not come to its end in time; the fence must then be lifted.
 */
export async function fenceAndSwitch(ctx: MoveContext): Promise<void> {
  const { move, limits } = ctx;
  ctx.fencedAt = performance.now();
  await ctx.step('fence', () => inTime('writers', () => setFence(ctx)));
  await ctx.step('drain writers', () => inTime('writers', () => drainWriters(ctx)));
  await ctx.step('drain queues', async () => {
    await ctx.hooks.onFenced?.(ctx.sessions.source);
    const empty = await until(limits.queueMs, 10, async () => (await queuedRows(ctx)) === 0);
    if (!empty) throw new FenceTimeout('the queues did not become empty');
  });
  await ctx.step('compare schemas', () => compareSchemas(ctx));
  await ctx.step('advance sequences', () => advanceSequences(ctx));
  await ctx.step('wait for marker', async () => {
    if (!(await markerArrives(ctx, limits.markerMs))) throw new FenceTimeout('replication did not come through');
  });
  await ctx.step('make destination ready', () => makeReady(ctx));
  await ctx.step('switch', () =>
    ctx.enter('switched', {}, async (directory) => {
      const { rowCount } = await directory.query(
        `UPDATE sharding.bucket_map SET shard = $1, epoch = epoch + 1 WHERE keyspace = $2 AND move_id = $3 AND shard = $4`,
        [move.destination, move.keyspace, move.id, move.source],
      );
      if (rowCount !== move.buckets.length) throw new MoveStalled(`The map does not fit move ${move.id}`);
    }),
  );
}

async function setFence(ctx: MoveContext): Promise<void> {
  const { move, limits } = ctx;
  await ctx.change('source', async (tx) => {
    // Only writers under REPEATABLE READ hold these rows.
    await setTimeouts(tx, limits.lockMs, limits.drainMs);
    const { rowCount } = await tx.query(
      `UPDATE sharding.bucket_owner SET state = 'fenced', move_id = $1
       WHERE bucket = ANY ($2) AND state IN ('owned', 'fenced')`,
      [move.id, move.buckets],
    );
    if (rowCount !== move.buckets.length)
      throw new MoveStalled(`${move.source} does not own all buckets of ${move.id}`);
  });
}

/** Each bucket's lock is had once every transaction that was let through has ended; whoever comes later sees the fence. */
async function drainWriters(ctx: MoveContext): Promise<void> {
  const { move, limits } = ctx;
  await ctx.change('source', async (tx) => {
    await setTimeouts(tx, limits.lockMs, limits.drainMs);
    await tx.query('SELECT pg_advisory_xact_lock($1, b) FROM unnest($2::integer[]) AS b', [BUCKET_LOCK, move.buckets]);
  });
}

const setTimeouts = async (tx: Sql, lockMs: number, statementMs: number): Promise<void> =>
  void (await tx.query(`SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)`, [
    String(lockMs),
    String(statementMs),
  ]));

async function inTime(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const code = codeOf(error);
    // lock_timeout, statement_timeout
    if (code === '55P03' || code === '57014') throw new FenceTimeout(`${what} did not end`, { cause: error });
    throw error;
  }
}

/**
 * Whoever finds the map switched finds the destination knowing of it. The commit is durable, and with it all that was
 * committed before it.
 */
async function makeReady(ctx: MoveContext): Promise<void> {
  const { move, sessions } = ctx;
  const { epochs } = await oneRow<{ epochs: string[] }>(
    sessions.source,
    `SELECT array_agg(o.epoch + 1 ORDER BY b.n) AS epochs FROM unnest($1::smallint[]) WITH ORDINALITY AS b(bucket, n)
     JOIN sharding.bucket_owner AS o USING (bucket)`,
    [move.buckets],
  );
  await ctx.change('destination', async (tx) => {
    // A marker tells only of tables that are followed. One that is copied again (a crash of the destination, a failover
    // to a standby that lags) would be missed.
    if (!(await isCopied(tx, ctx.name))) throw new FenceTimeout('a table is being copied again');
    const { rowCount } = await tx.query(
      `INSERT INTO sharding.bucket_owner AS o (bucket, state, epoch, move_id)
       SELECT bucket, 'ready', epoch, $3 FROM unnest($1::smallint[], $2::bigint[]) AS b(bucket, epoch)
       ON CONFLICT (bucket) DO UPDATE SET state = 'ready', epoch = excluded.epoch, move_id = excluded.move_id
       WHERE o.state IN ('ready', 'gone')`,
      [move.buckets, epochs, move.id],
    );
    if (rowCount !== move.buckets.length)
      throw new MoveStalled(`${move.destination} owns buckets of ${move.id} already`);
  });
}

/**
 * Lets writers through again, and goes back to catching up. The directory is asked first: once the map was switched,
 * the source must never serve these buckets again, and a commit whose answer was lost may have switched it.
 * @throws StaleMover
 */
export async function unfence(directory: Session, source: Session, move: Move): Promise<Move> {
  const { rowCount } = await directory.query(
    `SELECT FROM sharding.moves WHERE id = $1 AND attempt = $2 AND phase = 'fencing'`,
    [move.id, move.attempt],
  );
  if (rowCount !== 1) throw new StaleMover(move.id);
  await source.transaction(async (tx) => {
    await tx.query('SELECT sharding.check_attempt($1, $2)', [move.id, move.attempt]);
    await tx.query(
      `UPDATE sharding.bucket_owner SET state = 'owned', move_id = NULL
       WHERE bucket = ANY ($1) AND state = 'fenced' AND move_id = $2`,
      [move.buckets, move.id],
    );
  });
  const back = await directory.query(
    `UPDATE sharding.moves SET phase = 'catching up', changed_at = now(),
       info = info || jsonb_build_object('fenceRetries', coalesce((info->>'fenceRetries')::int, 0) + 1)
     WHERE id = $1 AND attempt = $2 AND phase = 'fencing'`,
    [move.id, move.attempt],
  );
  if (back.rowCount !== 1) throw new StaleMover(move.id);
  return { ...move, phase: 'catching up' };
}
