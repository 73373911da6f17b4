import { codeOf, type Session, type Sql } from '@stoa/postgres';
import { countSwitch } from '../incarnation/confirm.js';
import type { MoveContext } from './context.js';
import { FenceTimeout, MoveStalled, StaleMover } from './errors.js';
import { markerArrives, queuedRows, writeMarker } from './catch-up.js';
import type { Move } from './phases.js';
import { isCopied } from './replicate.js';
import { advanceSequences, compareSchemas } from './schema.js';
import { pollUntil } from './poll-until.js';

/** Class of the advisory locks on buckets, as in shard.sql. */
const BUCKET_LOCK = 1_398_034_241;
const QUEUE_POLL_MS = 3;

/**
 * Refuses writes to the buckets at the source, waits until running writes have ended and have reached the destination,
 * and switches the map. Writers wait meanwhile, so all that can be done before is done before.
 * @throws FenceTimeout when a step does not end in time; the fence must then be lifted.
 */
export async function fenceAndSwitch(ctx: MoveContext): Promise<void> {
  const { move, limits, hooks, sessions } = ctx;
  await hooks.flushQueues?.(sessions.source);
  ctx.fencedAt = performance.now();
  let fenced: Fenced = { epochs: [], switches: 0 };
  let marker = '';
  let arrivals = 0;
  await ctx.step('fence', () => asFenceTimeout('writers', async () => void (fenced = await setFence(ctx))));
  await ctx.step('drain writers', () => asFenceTimeout('writers', async () => void (marker = await drainWriters(ctx))));
  await ctx.step('drain queues', async () => {
    if (await pollUntil(0, 0, () => areQueuesEmpty(ctx))) return;
    await hooks.flushQueues?.(sessions.source);
    if (!(await pollUntil(limits.queueMs, QUEUE_POLL_MS, () => areQueuesEmpty(ctx))))
      throw new FenceTimeout('the queues did not become empty');
  });
  await ctx.step('compare schemas', () => compareSchemas(ctx));
  await ctx.step('advance sequences', () => advanceSequences(ctx));
  await ctx.step('wait for marker', async () => {
    if (!(await markerArrives(ctx, marker, limits.markerMs)))
      throw new FenceTimeout('replication did not come through');
  });
  await ctx.step('make destination ready', async () => void (arrivals = await makeReady(ctx, fenced.epochs)));
  await ctx.step('switch', () =>
    ctx.enter('switched', {}, async (directory) => {
      const { rowCount } = await directory.query(
        `UPDATE sharding.bucket_map SET shard = $1, epoch = epoch + 1 WHERE keyspace = $2 AND move_id = $3 AND shard = $4`,
        [move.destination, move.keyspace, move.id, move.source],
      );
      if (rowCount !== move.buckets.length) throw new MoveStalled(`The map does not fit move ${move.id}`);
      await expectSwitches(directory, move, fenced.switches, arrivals);
    }),
  );
}

/**
 * Records the switches that both sides know of. From the commit on, a copy of either side from before the fence shows
 * by the switches that it lacks. Two moves never deadlock here: the map's change has locked the keyspace.
 */
async function expectSwitches(directory: Sql, move: Move, atSource: number, atDestination: number): Promise<void> {
  await directory.query(
    `UPDATE sharding.incarnations AS i SET switches = greatest(i.switches, n.switches)
     FROM (VALUES ($2, $3::bigint), ($4, $5)) AS n(shard, switches) WHERE i.keyspace = $1 AND i.shard = n.shard`,
    [move.keyspace, move.source, atSource, move.destination, atDestination],
  );
}

const areQueuesEmpty = async (ctx: MoveContext): Promise<boolean> => (await queuedRows(ctx)) === 0;

interface Epoch {
  readonly bucket: number;
  readonly epoch: string;
}

interface Fenced {
  /** The buckets' epochs at the source. */
  readonly epochs: readonly Epoch[];
  /** The number of switches that the source knows of, including this one. */
  readonly switches: number;
}

async function setFence(ctx: MoveContext): Promise<Fenced> {
  const { move, limits } = ctx;
  const fence = async (tx: Sql): Promise<Fenced> => {
    const { rows } = await tx.query<Epoch>(
      `UPDATE sharding.bucket_owner SET state = 'fenced', move_id = $1
       WHERE bucket = ANY ($2) AND state IN ('owned', 'fenced') RETURNING bucket, epoch`,
      [move.id, move.buckets],
    );
    if (rows.length !== move.buckets.length)
      throw new MoveStalled(`${move.source} does not own all buckets of ${move.id}`);
    return { epochs: rows, switches: await countSwitch(tx) };
  };
  // Only writers under REPEATABLE READ lock these rows.
  return ctx.change('source', fence, { lockMs: limits.lockMs, statementMs: limits.drainMs });
}

/**
 * Waits for running writers. A bucket's lock is free once every transaction that passed the fence has ended; later ones
 * see the fence.
 * @returns the marker that follows all of their writes.
 */
async function drainWriters(ctx: MoveContext): Promise<string> {
  const { move, limits } = ctx;
  const drain = async (tx: Sql): Promise<string> => {
    await tx.query('SELECT pg_advisory_xact_lock($1, b) FROM unnest($2::integer[]) AS b', [BUCKET_LOCK, move.buckets]);
    return writeMarker(ctx, tx);
  };
  return ctx.change('source', drain, { lockMs: limits.lockMs, statementMs: limits.drainMs });
}

/** Turns Postgres's timeouts into a FenceTimeout. */
async function asFenceTimeout(subject: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const code = codeOf(error);
    // lock_timeout, statement_timeout
    if (code === '55P03' || code === '57014') throw new FenceTimeout(`${subject} did not end`, { cause: error });
    throw error;
  }
}

/**
 * Makes the destination `ready` before the map is switched, so that clients find it prepared. The commit is durable,
 * and with it all earlier commits.
 * @returns how many switches the destination knows of.
 */
async function makeReady(ctx: MoveContext, epochs: readonly Epoch[]): Promise<number> {
  const { move } = ctx;
  return ctx.change('destination', async (tx) => {
    // A marker covers only tables that are followed. It would miss a table that is copied again after a crash of the
    // destination or a failover to a standby that lags.
    if (!(await isCopied(tx, ctx.name))) throw new FenceTimeout('a table is being copied again');
    const { rowCount } = await tx.query(
      `INSERT INTO sharding.bucket_owner AS o (bucket, state, epoch, move_id)
       SELECT bucket, 'ready', epoch + 1, $3 FROM unnest($1::smallint[], $2::bigint[]) AS b(bucket, epoch)
       ON CONFLICT (bucket) DO UPDATE SET state = 'ready', epoch = excluded.epoch, move_id = excluded.move_id
       WHERE o.state IN ('ready', 'gone')`,
      [epochs.map(({ bucket }) => bucket), epochs.map(({ epoch }) => epoch), move.id],
    );
    if (rowCount !== move.buckets.length)
      throw new MoveStalled(`${move.destination} owns buckets of ${move.id} already`);
    return countSwitch(tx);
  });
}

/**
 * Lifts the fence, and goes back to catching up. The directory is read first: a commit whose reply was lost may have
 * switched the map, and then the source must never serve these buckets again.
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
