import { backoff, pause } from '@stoa/timing';
import type { MoveHooks } from '../move-steps/context.js';
import type { MoveLimits } from '../move-steps/move-limits.js';
import { MoveBusy, MovePaused, StaleMover } from '../move-steps/errors.js';
import { Mover } from './mover.js';
import { canAbort, canPause, type Move } from '../move-steps/phases.js';
import { currentMoves, type CurrentMove } from './current-moves.js';
import { pollDirectory } from '../directory/poll-directory.js';

/** True when an operator requested the abortion and it has not begun. */
const isToAbort = ({ phase, info }: CurrentMove): boolean =>
  info.abort === true && canAbort(phase) && phase !== 'aborting';

/** Options of a MoveSupervisor. */
export interface SupervisorOptions {
  readonly directoryUrl: string;
  readonly hooks?: MoveHooks;
  readonly limits?: Partial<MoveLimits>;
  readonly onResume?: (move: Move) => void;
  readonly onDone?: (move: Move) => void;
  /** Called when a move failed; it is retried after 2 s, then less and less often. */
  readonly onFailure?: (error: unknown, move?: Move) => void;
}

/** Its requester may be about to run a move that has no mover. */
const GRACE_SECONDS = 5;
/** A mover that is about to end has released its lock already. */
const ENDING_SECONDS = 1;
/** Phases in which requests wait for the mover. Its steps in them are shorter than FROZEN_SECONDS. */
const URGENT: readonly string[] = ['fencing', 'switched'];
const FROZEN_SECONDS = 5;
const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 60_000;

/**
 * MoveSupervisor exists to finish moves whose mover died, so that no request waits for a dead process; it works by
 * polling the directory for moves that have no mover and are not paused. In phases in which requests wait it resumes
 * them at once, even from a mover that holds the lock but makes no progress. Any number of supervisors may run.
 */
export class MoveSupervisor {
  private readonly stopping = new AbortController();
  private readonly running = new Map<string, Promise<void>>();
  private readonly failed = new Map<string, { readonly until: number; readonly failures: number }>();
  private polling: Promise<void> | undefined;

  constructor(private readonly options: SupervisorOptions) {}

  /** Starts polling. */
  start(): void {
    this.polling ??= this.poll();
  }

  /** Resumes no further move, and waits for running ones up to `withinMs`; others resume the rest. */
  async stop(withinMs: number): Promise<void> {
    this.stopping.abort();
    await this.polling;
    const late = new AbortController();
    await Promise.race([Promise.all(this.running.values()), pause(withinMs, late.signal)]);
    late.abort();
  }

  private poll(): Promise<void> {
    const { directoryUrl, onFailure } = this.options;
    const watch = { directoryUrl, application: 'sharding-supervisor', signal: this.stopping.signal };
    return pollDirectory({ ...watch, ...(onFailure && { onFailure }) }, async (session) => {
      for (const move of await currentMoves(session)) if (this.isOrphan(move)) this.resume(move);
      return false;
    });
  }

  private isOrphan(move: CurrentMove): boolean {
    const { id, phase, paused, running, quietSeconds, info } = move;
    if (this.running.has(id) || (this.failed.get(id)?.until ?? 0) > performance.now()) return false;
    if (isToAbort(move)) return true;
    if (running) return URGENT.includes(phase) && quietSeconds > FROZEN_SECONDS;
    if (!canPause(phase)) return URGENT.includes(phase) || quietSeconds > ENDING_SECONDS;
    return !paused && (info.supervised === true || quietSeconds > GRACE_SECONDS);
  }

  private resume(move: CurrentMove): void {
    this.options.onResume?.(move);
    const work = this.run(move).finally(() => this.running.delete(move.id));
    this.running.set(move.id, work);
  }

  private async run(move: CurrentMove): Promise<void> {
    const { directoryUrl, hooks, limits } = this.options;
    // Another supervisor may be quicker, which is no failure and needs no wait.
    const mover = new Mover({ directoryUrl, ...(hooks && { hooks }), limits: { ...limits, busyMs: 0 } });
    try {
      const takeOver = move.running;
      const work = isToAbort(move) ? mover.abortMove(move.id, { takeOver }) : mover.runMove(move.id, { takeOver });
      const ended = await work;
      this.options.onDone?.(ended);
      this.failed.delete(move.id);
    } catch (error) {
      if (error instanceof MoveBusy || error instanceof StaleMover || error instanceof MovePaused) return;
      const failures = (this.failed.get(move.id)?.failures ?? 0) + 1;
      const pauseMs = backoff(failures, FIRST_RETRY_MS, LONGEST_RETRY_MS);
      this.failed.set(move.id, { until: performance.now() + pauseMs, failures });
      this.options.onFailure?.(error, move);
    }
  }
}
