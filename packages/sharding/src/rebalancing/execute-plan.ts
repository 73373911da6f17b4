import { setTimeout as delay } from 'node:timers/promises';
import { tryLock } from '@stoa/postgres';
import type { MoveHooks, MoveLimits, MoveProgress } from '../move-steps/context.js';
import { MoveBusy, MovePaused, StaleMover } from '../move-steps/errors.js';
import { Mover } from '../moves/mover.js';
import { isOver, type Move, type Step } from '../move-steps/phases.js';
import type { PlannedMove, RebalancePlan } from './plan-rebalance.js';
import { PlanBusy } from '../errors.js';
import { onDirectory } from '../directory/known-shards.js';

export interface ExecutePlanOptions {
  readonly directoryUrl: string;
  /** Once it is aborted no further move begins; those under way are brought to their end. */
  readonly signal?: AbortSignal;
  /** How many moves may run side by side, never two from one shard; 2 if not given. */
  readonly parallel?: number;
  readonly limits?: Partial<MoveLimits>;
  readonly hooks?: MoveHooks;
  /** For people: who asked for it. */
  readonly requestedBy?: string;
  readonly onProgress?: (progress: PlanProgress) => void;
  /** Told of each move that ended. */
  readonly onMoved?: (move: Move) => void;
}

export interface PlanProgress {
  readonly movesDone: number;
  readonly moves: number;
  /** Copied so far, and about how many there are to copy. */
  readonly rows: number;
  readonly ofRows: number;
  /** The move that this is told of. */
  readonly move: string;
  readonly keyspace: string;
  readonly from: string;
  readonly to: string;
  readonly step: Step;
}

export interface PlanResult {
  /** It was told to stop before all was done. */
  readonly stopped: boolean;
  /** Those that ended. */
  readonly moves: readonly Move[];
  /** Moves that an operator paused meanwhile. */
  readonly paused: readonly string[];
}

/** Class of the advisory locks that let one plan of a keyspace be carried out at a time. */
export const PLAN_LOCK = 1_398_034_244;
/** Nothing of a move is left to copy from here on. */
const COPIED: ReadonlySet<Step> = new Set<Step>(['catch up', 'fence', 'switch', 'compare rows', 'purge', 'forget']);

const BUSY_EVERY_MS = 250;

/** What is done by one mover, in one go. */
interface Task extends Pick<PlannedMove, 'keyspace' | 'from' | 'to' | 'rows'> {
  /** Known from the beginning for a move that is taken up. */
  id?: string;
  readonly buckets: readonly number[];
}

/**
 * Carries a plan out: first the moves that are under way already, then its own, one after the other from each shard.
 * Whenever it is stopped or dies, every bucket is where the map says, and at most the moves under way are unfinished:
 * the next plan begins with them.
 * @throws PlanBusy while another plan of one of its keyspaces is carried out; what a move fails with.
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

class PlanExecutor {
  private readonly waiting: Task[];
  private readonly busy = new Set<string>();
  private readonly copied = new Map<Task, number>();
  private readonly moved: Move[] = [];
  private readonly paused: string[] = [];
  private left = false;
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
    return { stopped: this.left || this.waiting.length > 0, moves: this.moved, paused: this.paused };
  }

  /** A worker that finds all shards with work left busy ends: those who are busy go on with them. */
  private async work(): Promise<void> {
    for (;;) {
      if (this.failure || this.options.signal?.aborted) return;
      const next = this.waiting.findIndex(({ from }) => !this.busy.has(from));
      const [task] = next < 0 ? [] : this.waiting.splice(next, 1);
      if (!task) return;
      this.busy.add(task.from);
      try {
        const move = await this.carry(task);
        if (move) this.moved.push(move);
        if (move) this.options.onMoved?.(move);
      } catch (error) {
        this.failure ??= { error };
      } finally {
        this.busy.delete(task.from);
      }
    }
  }

  private async carry(task: Task): Promise<Move | undefined> {
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

  /** A move that somebody else works on is waited for. @returns undefined when it is left as it is. */
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
          this.left = true;
          return undefined;
        }
        await delay(BUSY_EVERY_MS);
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
      ...{ move, keyspace, from, to, step },
    });
  }
}
