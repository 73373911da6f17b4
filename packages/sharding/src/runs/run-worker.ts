import { setTimeout as delay } from 'node:timers/promises';
import { tryLock, type Session } from '@stoa/postgres';
import { pause } from '@stoa/timing';
import type { MoveHooks } from '../move-steps/context.js';
import type { MoveLimits } from '../move-steps/move-limits.js';
import { verify } from '../verification/verify.js';
import { executePlan } from '../rebalancing/execute-plan.js';
import { setDraining } from '../shards/set-draining.js';
import { planRebalance } from '../rebalancing/plan-rebalance.js';
import { PlanBusy } from '../errors.js';
import { isRunOver, nextRun, noteRun, readRun, type Run, type RunProgress, type RunState } from './runs.js';
import { knownShards, onDirectory, reasonOf } from '../directory/known-shards.js';
import { pollDirectory } from '../directory/poll-directory.js';

/** Options of a RunWorker. */
export interface RunWorkerOptions {
  readonly directoryUrl: string;
  readonly hooks?: MoveHooks;
  readonly limits?: Partial<MoveLimits>;
  readonly onRun?: (run: Run) => void;
  readonly onFailure?: (error: unknown, run?: Run) => void;
}

/** Class of the advisory locks on runs: the holder executes the run. */
const RUN_LOCK = 1_398_034_245;
const POLL_MS = 500;
const MOST_FINDINGS = 100;
/**
 * Milliseconds for a dead worker's locks: the directory releases them only when it notices the death of each session.
 */
const PLAN_WITHIN_MS = 5_000;

type Outcome = readonly [state: RunState | undefined, progress: RunProgress];

/**
 * RunWorker exists to execute long operations outside of an operator's request; it works by polling the directory for
 * runs, and executes one at a time. Any number of workers may run. A run whose worker died is resumed by another, which
 * plans the remaining moves again.
 */
export class RunWorker {
  private readonly stopping = new AbortController();
  private polling: Promise<void> | undefined;

  constructor(private readonly options: RunWorkerOptions) {}

  /** Starts polling. */
  start(): void {
    this.polling ??= this.poll();
  }

  /** Starts no further run. The present one ends between two moves, or after `withinMs` is left to another worker. */
  async stop(withinMs: number): Promise<void> {
    this.stopping.abort();
    const late = new AbortController();
    const timeout = pause(withinMs, late.signal);
    await Promise.race([this.polling, timeout]);
    late.abort();
  }

  private poll(): Promise<void> {
    const { directoryUrl, onFailure } = this.options;
    const watch = { directoryUrl, application: 'sharding-run', signal: this.stopping.signal };
    return pollDirectory({ ...watch, ...(onFailure && { onFailure }) }, async (session) => {
      const run = await nextRun(session, RUN_LOCK);
      if (!run || !(await tryLock(session, RUN_LOCK, run.id))) return false;
      await this.execute(session, run);
      return true;
    });
  }

  private async execute(session: Session, { id }: Run): Promise<void> {
    const run = await readRun(session, id);
    if (!run || isRunOver(run.state)) return;
    this.options.onRun?.(run);
    if (run.state === 'waiting') await noteRun(session, id, {}, 'running');
    const stop = new AbortController();
    const ended = new AbortController();
    if (run.state === 'stopping') stop.abort();
    const latest: { progress: RunProgress } = { progress: {} };
    const watching = this.watch(session, id, latest, stop, ended.signal);
    let outcome: Outcome;
    try {
      outcome = await this.outcomeOf(run, latest, stop.signal);
    } catch (error) {
      this.options.onFailure?.(error, run);
      outcome = ['failed', { message: reasonOf(error) }];
    }
    ended.abort();
    await watching;
    const [state, progress] = outcome;
    await noteRun(session, id, { ...latest.progress, ...progress }, state);
  }

  /** Records progress, and polls for an operator's stop, while a run is executed. */
  private async watch(
    session: Session,
    id: string,
    latest: { readonly progress: RunProgress },
    stop: AbortController,
    ended: AbortSignal,
  ): Promise<void> {
    while (!ended.aborted) {
      await pause(POLL_MS, ended);
      if (this.stopping.signal.aborted) stop.abort();
      try {
        await noteRun(session, id, latest.progress);
        if ((await readRun(session, id))?.state === 'stopping') stop.abort();
      } catch {
        // The directory is unavailable: the movers wait for it, and the end of the run reports it.
      }
    }
  }

  private async outcomeOf(run: Run, latest: { progress: RunProgress }, signal: AbortSignal): Promise<Outcome> {
    if (run.kind === 'verify') return this.verifyAll(run);
    for (const deadline = performance.now() + PLAN_WITHIN_MS; ;) {
      try {
        return await this.movesOf(run, latest, signal);
      } catch (error) {
        if (!(error instanceof PlanBusy) || performance.now() > deadline) throw error;
        if (this.stopping.signal.aborted) return [undefined, {}];
        if (signal.aborted) return ['stopped', {}];
        await delay(POLL_MS);
      }
    }
  }

  /** Plans from the present state, and executes the plan. */
  private async movesOf(run: Run, latest: { progress: RunProgress }, signal: AbortSignal): Promise<Outcome> {
    const { directoryUrl, hooks, limits } = this.options;
    const { keyspaces, by, shard, groupBuckets, parallel } = run.options;
    const plan = await planRebalance({
      directoryUrl,
      ...(keyspaces && { keyspaces }),
      ...(by && { by }),
      ...(groupBuckets !== undefined && { moveSize: { buckets: groupBuckets } }),
      ...(run.kind === 'drain' && shard !== undefined && { drain: shard }),
    });
    if (run.kind === 'drain' && shard !== undefined) {
      await onDirectory(directoryUrl, (directory) => setDraining(directory, shard, true, keyspaces));
    }
    latest.progress = { moves: plan.moves.length + plan.unfinished.length, secondsPlanned: Math.round(plan.seconds) };
    const { stopped, paused } = await executePlan(plan, {
      directoryUrl,
      signal,
      ...(hooks && { hooks }),
      ...(limits && { limits }),
      ...(parallel !== undefined && { parallel }),
      requestedBy: run.requestedBy ?? 'an operator',
      onProgress: ({ moves, movesDone, rows, ofRows }) => {
        latest.progress = { ...latest.progress, moves, movesDone, rows, ofRows };
      },
    });
    // This process is stopping: another worker goes on.
    if (stopped && this.stopping.signal.aborted) return [undefined, {}];
    const message = paused.length > 0 ? { message: `Paused moves are left: ${paused.join(', ')}` } : {};
    if (stopped) return ['stopped', message];
    return ['done', { ...message, movesDone: plan.moves.length + plan.unfinished.length - paused.length }];
  }

  private async verifyAll({ options }: Run): Promise<Outcome> {
    const { directoryUrl } = this.options;
    const shards = await onDirectory(directoryUrl, (directory) => knownShards(directory, options.keyspaces));
    const found: NonNullable<RunProgress['findings']>[number][] = [];
    for (const keyspace of new Set(shards.map((shard) => shard.keyspace))) {
      const { findings } = await verify(directoryUrl, keyspace);
      found.push(...findings.map((finding) => ({ ...finding, keyspace })));
    }
    const message = found.length === 0 ? 'Map, owners and rows agree' : `${found.length} findings`;
    return ['done', { findings: found.slice(0, MOST_FINDINGS), message }];
  }
}
