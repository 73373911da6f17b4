import { setTimeout as delay } from 'node:timers/promises';
import { tryLock } from '@stoa/postgres';
import type { MoveHooks, MoveProgress } from '../move-steps/context.js';
import type { MoveLimits } from '../move-steps/move-limits.js';
import { MoveBusy, MovePaused, StaleMover } from '../move-steps/errors.js';
import { Mover } from '../moves/mover.js';
import { isOver, type Move, type Step } from '../move-steps/phases.js';
import type { PlannedMove, RebalancePlan } from './plan-rebalance.js';
import { PlanBusy } from '../errors.js';
import { onDirectory } from '../directory/known-shards.js';

/** Options of executePlan. */
export interface ExecutePlanOptions {
  readonly directoryUrl: string;
  /** Once it is aborted, no further move begins; those under way are finished. */
  readonly signal?: AbortSignal;
  /** The number of moves side by side, never two from one shard; 2 by default. */
  readonly parallel?: number;
  readonly limits?: Partial<MoveLimits>;
  readonly hooks?: MoveHooks;
  /** The requester's name, for people. */
  readonly requestedBy?: string;
  readonly onProgress?: (progress: PlanProgress) => void;
  /** Called with each move that ended. */
  readonly onMoved?: (move: Move) => void;
}

/** The progress of a plan. */
export interface PlanProgress {
  readonly movesDone: number;
  readonly moves: number;
  /** The number of rows copied so far. */
  readonly rows: number;
  /** The approximate number of rows to copy. */
  readonly ofRows: number;
  /** The move that made this progress. */
  readonly move: string;
  readonly keyspace: string;
  readonly from: string;
  readonly to: string;
  readonly step: Step;
}

/** The result of executePlan. */
export interface PlanResult {
  /** True when it was stopped before all moves were done. */
  readonly stopped: boolean;
  /** The moves that ended. */
  readonly moves: readonly Move[];
  /** The moves that an operator paused meanwhile. */
  readonly paused: readonly string[];
}

/** Class of the advisory locks that let one plan of a keyspace be executed at a time. */
export const PLAN_LOCK = 1_398_034_244;
/** Steps at which all rows of a move are copied. */
const COPIED: ReadonlySet<Step> = new Set<Step>(['catch up', 'fence', 'switch', 'compare rows', 'purge', 'forget']);

const BUSY_POLL_MS = 250;

/** One move of a plan, which one mover runs. */
interface Task extends Pick<PlannedMove, 'keyspace' | 'from' | 'to' | 'rows'> {
  /** Set from the beginning for a move that is resumed. */
  id?: string;
  readonly buckets: readonly number[];
}

/**
 * Executes a plan: first the unfinished moves, then its own, one after the other from each shard. Whenever it is
 * stopped or dies, every bucket is on the shard of the map, and at most the moves under way are unfinished; the next
 * plan begins with them.
 * @throws PlanBusy while another plan of one of its keyspaces is executed; the error of a move that fails.
 */
export async function executePlan(
  plan: Pick<RebalancePlan, 'moves' | 'unfinished'>,
  options: ExecutePlanOptions,
): Promise<PlanResult> {
  const { directoryUrl } = options;
  return onDirectory(directoryUrl, async (directory) => {
    const mover = new Mover({ directoryUrl });
    const unfinished = await Promise.all(plan.unfinished.map((id) => mover.readMove(id)));
    const tasks: Task[] = [
      ...unfinished.filter(({ paused, phase }) => !paused && !isOver(phase)).map(taskOf),
      ...plan.moves.map((move) => ({ ...move })),
    ];
    for (const keyspace of new Set(tasks.map((task) => task.keyspace))) {
      const got = await tryLock(directory, PLAN_LOCK, keyspace);
      if (!got) throw new PlanBusy(`Another rebalance or drain of ${keyspace} is under way`);
    }
    return new PlanExecutor(tasks, options).run();
  });
}

const taskOf = ({ id, keyspace, source, destination, buckets }: Move): Task => {
  return { id, keyspace, from: source, to: destination, buckets, rows: 0 };
};

/** Runs the moves of one plan, `parallel` at a time. */
class PlanExecutor {
  private readonly waiting: Task[];
  private readonly busy = new Set<string>();
  private readonly copied = new Map<Task, number>();
  private readonly moved: Move[] = [];
  private readonly paused: string[] = [];
  private leftOne = false;
  private readonly ofRows: number;
  private failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly tasks: readonly Task[],
    private readonly options: ExecutePlanOptions,
  ) {
    this.waiting = [...tasks];
    this.ofRows = tasks.reduce((sum, { rows }) => sum + rows, 0);
  }

  async run(): Promise<PlanResult> {
    const { parallel = 2 } = this.options;
    await Promise.all(Array.from({ length: parallel }, () => this.work()));
    if (this.failure) throw this.failure.error;
    return { stopped: this.leftOne || this.waiting.length > 0, moves: this.moved, paused: this.paused };
  }

  /** Runs moves until none is left whose source is free; the workers of busy sources go on with the others. */
  private async work(): Promise<void> {
    for (;;) {
      if (this.failure || this.options.signal?.aborted) return;
      const next = this.waiting.findIndex(({ from }) => !this.busy.has(from));
      const [task] = next < 0 ? [] : this.waiting.splice(next, 1);
      if (!task) return;
      this.busy.add(task.from);
      try {
        const move = await this.execute(task);
        if (move) this.moved.push(move);
        if (move) this.options.onMoved?.(move);
      } catch (error) {
        this.failure ??= { error };
      } finally {
        this.busy.delete(task.from);
      }
    }
  }

  private async execute(task: Task): Promise<Move | undefined> {
    const { directoryUrl, limits, hooks, requestedBy } = this.options;
    const onProgress = (progress: MoveProgress): void => {
      hooks?.onProgress?.(progress);
      this.report(task, progress);
    };
    const mover = new Mover({ directoryUrl, hooks: { ...hooks, onProgress }, ...(limits && { limits }) });
    const { keyspace, buckets, from, to } = task;
    task.id ??= await mover.planMove({
      keyspace,
      buckets,
      from,
      to,
      ...(requestedBy !== undefined && { requestedBy }),
    });
    const move = await this.finish(mover, task.id);
    this.copied.set(task, task.rows);
    return move;
  }

  /** Runs a move to its end; waits while another mover runs it. @returns undefined when the move was paused or left. */
  private async finish(mover: Mover, id: string): Promise<Move | undefined> {
    for (;;) {
      try {
        return await mover.runMove(id);
      } catch (error) {
        if (error instanceof MovePaused) {
          this.paused.push(id);
          return undefined;
        }
        if (!(error instanceof MoveBusy || error instanceof StaleMover)) throw error;
        if (this.options.signal?.aborted) {
          this.leftOne = true;
          return undefined;
        }
        await delay(BUSY_POLL_MS);
      }
    }
  }

  private report(task: Task, { move, step, rows = 0 }: MoveProgress): void {
    const known = this.copied.get(task) ?? 0;
    const now = COPIED.has(step) ? task.rows : step === 'wait for copy' ? Math.min(rows, task.rows) : 0;
    this.copied.set(task, Math.max(known, now));
    const { keyspace, from, to } = task;
    this.options.onProgress?.({
      movesDone: this.moved.length,
      moves: this.tasks.length,
      rows: [...this.copied.values()].reduce((sum, count) => sum + count, 0),
      ofRows: this.ofRows,
      move,
      keyspace,
      from,
      to,
      step,
    });
  }
}
