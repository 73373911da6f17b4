import { type Session, oneRow, type Sql } from '@stoa/postgres';
import { MovePaused, StaleMover } from './errors.js';
import { canPause, type Move, type MoveInfo, type Phase, type Step } from './phases.js';

export interface MoveProgress {
  readonly move: string;
  readonly step: Step;
  /** While rows are copied, compared or purged: how many so far. */
  readonly rows?: number;
  /** About how many there are, from the planner's statistics. */
  readonly ofRows?: number;
}

export interface MoveHooks {
  /** Whether the destination's own copies of other services' data are as far as the source's. Asked until it says yes. */
  readonly caughtUp?: (source: Sql, destination: Sql) => Promise<boolean>;
  /** Called right before the fence closes and again under it: whoever empties the source's queues (an outbox's relay) is to hurry. */
  readonly flushQueues?: (source: Sql) => Promise<void>;
  readonly onProgress?: (progress: MoveProgress) => void;
  /** Called around each step, and awaited. */
  readonly onStep?: (step: Step, when: 'before' | 'after') => void | Promise<void>;
}

/** Milliseconds where nothing else is said. */
export interface MoveLimits {
  /** Waiting for the writers of one bucket under the fence. */
  readonly lockMs: number;
  /** Waiting for all writers together. */
  readonly drainMs: number;
  /** Waiting for queues (an outbox) to be empty, and for the marker, each. */
  readonly queueMs: number;
  readonly markerMs: number;
  /** Replication must come through this fast before the fence is tried; less fast when it never does. */
  readonly lagMs: number;
  /** At most this many rows in queues before the fence is tried. */
  readonly queueRows: number;
  /** Between two tries of the fence, doubled with each up to ten times as long. */
  readonly pauseMs: number;
  /** How often the fence is tried before the move stalls. */
  readonly fenceTries: number;
  /** Without progress for so long, the move stalls. */
  readonly stallMs: number;
  /** How long a mover waits for another one, whose process may just have died. */
  readonly busyMs: number;
  /** Rows per transaction of the purge. */
  readonly purgeRows: number;
}

export const DEFAULT_LIMITS: MoveLimits = {
  lockMs: 200,
  drainMs: 400,
  queueMs: 300,
  markerMs: 1_000,
  lagMs: 100,
  queueRows: 100,
  pauseMs: 250,
  fenceTries: 40,
  stallMs: 60_000,
  busyMs: 5_000,
  purgeRows: 5_000,
};

/** What the steps of a move work with. All three sessions hold the move's lock: whoever lost one is out. */
export class MoveContext {
  /** A session of its own that holds a snapshot of the destination from before its activation. */
  snapshot: Session | undefined;
  /** Opened before the fence closes, for that snapshot: a connection takes longer than all that is asked through it then. */
  spare: Session | undefined;
  /** The source's queues, which must be empty before a switch. */
  queues: readonly string[] = [];
  /** When this mover closed the fence, if it did, and how long the steps since then took. */
  fencedAt: number | undefined;
  readonly fenceSteps: Partial<Record<Step, number>> = {};
  /** When the subscription's worker was last seen, or woken. */
  workingAt = performance.now();
  /** The source's rows may be purged although the comparison found a difference. */
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

  async step(step: Step, work: () => Promise<void>): Promise<void> {
    await this.hooks.onStep?.(step, 'before');
    this.hooks.onProgress?.({ move: this.move.id, step });
    const began = performance.now();
    await work();
    if (this.fencedAt !== undefined) this.fenceSteps[step] = Math.round(performance.now() - began);
    await this.hooks.onStep?.(step, 'after');
  }

  /**
   * One transaction on a shard, refused when another mover has taken over; durable before it returns.
   * @param within time-outs in milliseconds: for one lock, and for one statement
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

  /** Records the next phase, with what else must change in the directory at that same moment. */
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

  /** Where a move may stand still, an operator's word stops it. @throws MovePaused */
  async checkPaused(): Promise<void> {
    if (!canPause(this.move.phase)) return;
    const { paused } = await oneRow<{ paused: boolean }>(
      this.sessions.directory,
      'SELECT paused_at IS NOT NULL AS paused FROM sharding.moves WHERE id = $1',
      [this.move.id],
    );
    if (paused) throw new MovePaused(this.move.id);
  }

  /** Remembers something within the phase. */
  note(info: MoveInfo): Promise<void> {
    return this.enter(this.move.phase, info);
  }
}
