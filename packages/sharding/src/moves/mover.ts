import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, isTransient } from '@stoa/postgres';
import { inDirectory } from '../directory/keyspace.js';
import { STALE_MOVER } from '../error-codes.js';
import { type MoveContext, type MoveHooks } from '../move-steps/context.js';
import { DEFAULT_LIMITS, type MoveLimits } from '../move-steps/move-limits.js';
import { MoveStalled, StaleMover } from '../move-steps/errors.js';
import { withMove } from './open-move.js';
import type { Move, Phase } from '../move-steps/phases.js';
import {
  expectAbortable,
  pause,
  planMove,
  readMove,
  reverseOf,
  unfinishedMoves,
  unpause,
  type MoveRequest,
} from './plan.js';
import { run } from './run-phases.js';

/** Options of a Mover. */
export interface MoverOptions {
  /** The URL of the directory's owner. */
  readonly directoryUrl: string;
  readonly hooks?: MoveHooks;
  readonly limits?: Partial<MoveLimits>;
}

const RETRY_MS = 500;

/**
 * Mover exists to move buckets between shards while they are in use; it works through the phases of `PHASES`, each
 * recorded in the directory before its work begins, so that another mover can resume from any of them.
 */
export class Mover {
  private readonly limits: MoveLimits;

  constructor(private readonly options: MoverOptions) {
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
  }

  /** Reserves buckets for a move. @returns its id. @throws MoveRefused */
  planMove(request: MoveRequest): Promise<string> {
    return planMove(this.options.directoryUrl, request);
  }

  /**
   * Runs a move from its recorded phase to its end. It waits for servers that restart. After any error it can be called
   * again, by this process or another.
   * @param takeOver cuts off a mover that still works on the move, instead of throwing MoveBusy.
   * @param acceptDifference purges the source although the comparison found a difference: a person accepted it.
   * @throws MoveBusy, MoveStalled, StaleMover, RowsDiffer, MoveRefused
   */
  runMove(id: string, { takeOver = false, acceptDifference = false } = {}): Promise<Move> {
    return this.withRetries(id, takeOver, (ctx) => {
      ctx.acceptDifference = acceptDifference;
      return run(ctx);
    });
  }

  /** Aborts a move before its switch. @throws MoveRefused after the switch: finish the move, then reverse it. */
  async abortMove(id: string, { takeOver = false } = {}): Promise<Move> {
    const ended = await this.withRetries(id, takeOver, async (ctx) => {
      expectAbortable(ctx.move);
      if (ctx.move.phase !== 'aborting') await ctx.enter('aborting');
      return run(ctx);
    });
    // A move that was over already was only read.
    if (ended.phase === 'done') expectAbortable(ended);
    return ended;
  }

  /** Plans the reverse of a move that is done. @returns the new move's id. @throws MoveRefused */
  async reverseMove(id: string): Promise<string> {
    return this.planMove(reverseOf(await this.readMove(id)));
  }

  /** Reads a move. @throws MoveUnknown */
  readMove(id: string): Promise<Move> {
    return inDirectory(this.options.directoryUrl, (tx) => readMove(tx, id));
  }

  /** Pauses a move before its switch; copied rows stay. @throws MoveRefused when it is over. */
  pauseMove(id: string): Promise<Move> {
    return inDirectory(this.options.directoryUrl, (tx) => pause(tx, id));
  }

  /** Ends a pause; the move then waits for a mover. */
  unpauseMove(id: string): Promise<Move> {
    return inDirectory(this.options.directoryUrl, (tx) => unpause(tx, id));
  }

  /** Lists moves that a supervisor resumes after a crash. Writes to buckets in phase `fencing` wait for that. */
  unfinishedMoves(keyspace: string | null): Promise<Move[]> {
    return inDirectory(this.options.directoryUrl, (tx) => unfinishedMoves(tx, keyspace));
  }

  private async withRetries(id: string, takeOver: boolean, work: (ctx: MoveContext) => Promise<Move>): Promise<Move> {
    const { directoryUrl, hooks = {} } = this.options;
    let reached: Phase | undefined;
    let deadline = performance.now() + this.limits.stallMs;
    for (let first = true; ; first = false) {
      try {
        return await withMove({ directoryUrl, limits: this.limits, hooks, takeOver: takeOver && first }, id, (ctx) => {
          if (ctx.move.phase !== reached) deadline = performance.now() + this.limits.stallMs;
          reached = ctx.move.phase;
          return work(ctx);
        });
      } catch (error) {
        if (codeOf(error) === STALE_MOVER) throw new StaleMover(id, error);
        if (!isTransient(error)) throw error;
        if (performance.now() > deadline) throw new MoveStalled(`Move ${id} makes no progress`, { cause: error });
      }
      await delay(RETRY_MS);
    }
  }
}
