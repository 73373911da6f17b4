import { setTimeout as delay } from 'node:timers/promises';
import type { Sql } from '@stoa/postgres';
import { activate } from '../move-steps/activate.js';
import { catchUp } from '../move-steps/catch-up.js';
import { compareRows } from '../move-steps/compare-rows.js';
import type { MoveContext } from '../move-steps/context.js';
import { CopyLost, FenceTimeout, MoveStalled, RowsDiffer } from '../move-steps/errors.js';
import { fenceAndSwitch, unfence } from '../move-steps/fence.js';
import { isOver, type Move, type Phase } from '../move-steps/phases.js';
import { purge } from '../move-steps/purge.js';
import { removePublication, removeSubscription, startReplication, waitForCopy } from '../move-steps/replicate.js';
import { checkServers } from '../move-steps/schema.js';

/** The work of each phase. It ends by entering the next phase. */
const WORK: Readonly<Partial<Record<Phase, (ctx: MoveContext) => Promise<void>>>> = {
  planned: async (ctx) => {
    await ctx.step('check servers', () => checkServers(ctx));
    await ctx.enter('copying');
  },
  copying: copy,
  'catching up': async (ctx) => {
    await ctx.step('catch up', () => catchUp(ctx));
    ctx.spare ??= await ctx.openSpare();
    await ctx.checkPaused();
    await ctx.enter('fencing');
  },
  fencing: tryFence,
  switched: activate,
  active: async (ctx) => {
    await ctx.step('compare rows', () => compare(ctx));
    await endReplication(ctx);
    await ctx.enter('unsubscribed');
  },
  unsubscribed: async (ctx) => {
    await ctx.step('purge', () => purge(ctx, 'source'));
    await ctx.enter('purged');
  },
  purged: async (ctx) => {
    await ctx.step('forget', () => forget(ctx));
    await ctx.enter('done', {}, (directory) => release(ctx, directory));
  },
  aborting: abort,
};

/** Runs phase after phase until the move is over. */
export async function run(ctx: MoveContext): Promise<Move> {
  while (!isOver(ctx.move.phase)) {
    await ctx.checkPaused();
    await WORK[ctx.move.phase]?.(ctx);
  }
  return ctx.move;
}

/** Copies the rows. A copy that can't be finished begins again: the destination has not served these rows yet. */
async function copy(ctx: MoveContext): Promise<void> {
  const began = performance.now();
  const fresh = await startReplication(ctx);
  try {
    await ctx.step('wait for copy', () => waitForCopy(ctx));
  } catch (error) {
    if (!(error instanceof CopyLost)) throw error;
    await removeSubscription(ctx);
    return;
  }
  await ctx.enter('catching up', fresh ? { copyMs: Math.round(performance.now() - began) } : {});
}

/** Tries the fence. A fence that can't be closed in time is lifted again, so that writers wait only for a moment. */
async function tryFence(ctx: MoveContext): Promise<void> {
  const { limits, sessions } = ctx;
  try {
    await fenceAndSwitch(ctx);
  } catch (error) {
    if (ctx.move.phase === 'fencing') {
      ctx.fencedAt = undefined;
      // After any error before the switch, writers must not wait for this mover's recovery.
      const lifted = await unfence(sessions.directory, sessions.source, ctx.move).catch(() => undefined);
      if (!lifted) throw error;
      const retries = (ctx.move.info.fenceRetries ?? 0) + 1;
      ctx.move = { ...lifted, info: { ...lifted.info, fenceRetries: retries } };
      if (retries >= limits.fenceTries) throw new MoveStalled(`The fence can't be closed`, { cause: error });
    }
    if (!(error instanceof FenceTimeout)) throw error;
    const tries = ctx.move.info.fenceRetries ?? 1;
    await delay(limits.pauseMs * Math.min(10, 2 ** (tries - 1)));
  }
}

/** Compares both sides. After a difference, the source's rows are purged only when a person accepts it. */
async function compare(ctx: MoveContext): Promise<void> {
  const { comparison } = ctx.move.info;
  if (comparison === 'equal' || (comparison === 'different' && ctx.acceptDifference)) return;
  if (comparison === 'different') throw new RowsDiffer(`Both sides of move ${ctx.move.id} were found to differ`);
  if (!ctx.snapshot) return ctx.note({ comparison: 'missed: a mover died between activation and comparison' });
  try {
    await ctx.note({ rows: await compareRows(ctx, ctx.snapshot), comparison: 'equal' });
  } catch (error) {
    if (error instanceof RowsDiffer) await ctx.note({ comparison: 'different' });
    throw error;
  }
}

async function endReplication(ctx: MoveContext): Promise<void> {
  await ctx.step('drop subscription', () => removeSubscription(ctx));
  await ctx.step('drop publication', () => removePublication(ctx));
}

async function abort(ctx: MoveContext): Promise<void> {
  const { move } = ctx;
  // This comes first: writers may be waiting at the fence.
  await ctx.change('source', async (tx) => {
    await tx.query(
      `UPDATE sharding.bucket_owner SET state = 'owned', move_id = NULL
       WHERE bucket = ANY ($1) AND state = 'fenced' AND move_id = $2`,
      [move.buckets, move.id],
    );
  });
  await endReplication(ctx);
  await ctx.change('destination', async (tx) => {
    await tx.query(`DELETE FROM sharding.bucket_owner WHERE state = 'ready' AND move_id = $1`, [move.id]);
  });
  await ctx.step('purge', () => purge(ctx, 'destination'));
  await ctx.step('forget', () => forget(ctx));
  await ctx.enter('aborted', {}, (directory) => release(ctx, directory));
}

/** Deletes the move's own rows from both shards. An earlier mover that continues finds none, and is refused. */
async function forget(ctx: MoveContext): Promise<void> {
  for (const where of ['source', 'destination'] as const) {
    await ctx.change(where, async (tx) => {
      await tx.query('UPDATE sharding.bucket_owner SET move_id = NULL WHERE move_id = $1', [ctx.move.id]);
      await tx.query('DELETE FROM sharding.markers WHERE move_id = $1', [ctx.move.id]);
      await tx.query('DELETE FROM sharding.attempts WHERE move_id = $1', [ctx.move.id]);
    });
  }
}

async function release({ move }: MoveContext, directory: Sql): Promise<void> {
  await directory.query('UPDATE sharding.bucket_map SET move_id = NULL WHERE move_id = $1', [move.id]);
}
