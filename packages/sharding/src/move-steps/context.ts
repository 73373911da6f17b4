import { type Session, oneRow, type Sql } from '@stoa/postgres';
import { MovePaused, StaleMover } from './errors.js';
import { canPause, type Move, type MoveInfo, type Phase, type Step } from './phases.js';
import type { MoveLimits } from './move-limits.js';

/** The progress of a move, reported at each step and while rows are copied, compared or purged. */
export interface MoveProgress {
  readonly move: string;
  readonly step: Step;
  /** The number of rows copied, compared or purged so far. */
  readonly rows?: number;
  /** The approximate number of all rows, from the planner's statistics. */
  readonly ofRows?: number;
}

/** Functions of the service that a mover calls. */
export interface MoveHooks {
  /**
   * Returns true when the destination's copies of other services' data are as new as the source's. Polled until true.
   */
  readonly caughtUp?: (source: Sql, destination: Sql) => Promise<boolean>;
  /** Called right before the fence closes and again under it, to flush the source's queues (an outbox's relay). */
  readonly flushQueues?: (source: Sql) => Promise<void>;
  readonly onProgress?: (progress: MoveProgress) => void;
  /** Called around each step, and awaited. */
  readonly onStep?: (step: Step, when: 'before' | 'after') => void | Promise<void>;
}

/** The state and sessions of a move's steps. Each session holds the move's lock; a mover that lost one must stop. */
export class MoveContext {
  /** A session that holds a snapshot of the destination from before its activation. */
  snapshot: Session | undefined;
  /** The session for that snapshot, opened before the fence closes: a connection takes longer than the snapshot. */
  spare: Session | undefined;
  /** The source's queues, which must be empty before a switch. */
  queues: readonly string[] = [];
  /** The time at which this mover closed the fence. */
  fencedAt: number | undefined;
  /** Milliseconds of each step since then. */
  readonly fenceSteps: Partial<Record<Step, number>> = {};
  /** The time at which the subscription's worker was last seen, or was started. */
  workingAt = performance.now();
  /** Allows the purge of the source although the comparison found a difference. */
  acceptDifference = false;

  constructor(
    public move: Move,
    readonly sessions: { readonly directory: Session; readonly source: Session; readonly destination: Session },
    readonly openSpare: () => Promise<Session>,
    readonly sourceUrl: string,
    readonly limits: MoveLimits,
    readonly hooks: MoveHooks,
  ) {}

  /** The name of the publication, the slot, the subscription and the origin. */
  get name(): string {
    return `stoa_move_${this.move.id.replaceAll('-', '')}`;
  }

  /** Runs one step and reports it. */
  async step(step: Step, work: () => Promise<void>): Promise<void> {
    await this.hooks.onStep?.(step, 'before');
    this.hooks.onProgress?.({ move: this.move.id, step });
    const began = performance.now();
    await work();
    if (this.fencedAt !== undefined) this.fenceSteps[step] = Math.round(performance.now() - began);
    await this.hooks.onStep?.(step, 'after');
  }

  /**
   * Runs one transaction on a shard. It fails when another mover has taken over, and is durable when it returns.
   * @param within timeouts in milliseconds, for one lock and for one statement.
   */
  change<T>(
    where: 'source' | 'destination',
    work: (tx: Sql) => Promise<T>,
    within?: { readonly lockMs: number; readonly statementMs: number },
  ): Promise<T> {
    const { id, attempt } = this.move;
    const timeouts = within
      ? `SET LOCAL lock_timeout = ${within.lockMs}; SET LOCAL statement_timeout = ${within.statementMs};`
      : '';
    return this.sessions[where].transaction(work, `${timeouts} SELECT sharding.check_attempt('${id}', ${attempt})`);
  }

  /** Records the next phase, in one transaction with `work` on the directory. @throws StaleMover */
  async enter(phase: Phase, info: MoveInfo = {}, work?: (tx: Sql) => Promise<void>): Promise<void> {
    const { id, attempt, phase: from } = this.move;
    await this.sessions.directory.transaction(async (tx) => {
      const { rowCount } = await tx.query(
        `UPDATE sharding.moves SET phase = $4, info = info || $5, changed_at = now()
         WHERE id = $1 AND attempt = $2 AND phase = $3`,
        [id, attempt, from, phase, JSON.stringify(info)],
      );
      if (rowCount !== 1) throw new StaleMover(id);
      await work?.(tx);
    });
    this.move = { ...this.move, phase, info: { ...this.move.info, ...info } };
  }

  /** Checks for an operator's pause in phases that can be paused. @throws MovePaused */
  async checkPaused(): Promise<void> {
    if (!canPause(this.move.phase)) return;
    const { paused } = await oneRow<{ paused: boolean }>(
      this.sessions.directory,
      'SELECT paused_at IS NOT NULL AS paused FROM sharding.moves WHERE id = $1',
      [this.move.id],
    );
    if (paused) throw new MovePaused(this.move.id);
  }

  /** Records information without a change of phase. */
  note(info: MoveInfo): Promise<void> {
    return this.enter(this.move.phase, info);
  }
}
