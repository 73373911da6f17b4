import { setTimeout as delay } from 'node:timers/promises';
import { tryLock, type Session } from '@stoa/postgres';
import type { MoveHooks, MoveLimits } from '../move-steps/context.js';
import { verify } from '../verification/verify.js';
import { executePlan } from '../rebalancing/execute-plan.js';
import { setDraining } from '../shards/set-draining.js';
import { planRebalance } from '../rebalancing/plan-rebalance.js';
import { PlanBusy } from '../errors.js';
import { isRunOver, nextRun, noteRun, readRun, type Run, type RunProgress, type RunState } from './runs.js';
import { knownShards, onDirectory, reasonOf } from '../directory/known-shards.js';
import { pollDirectory } from '../directory/poll-directory.js';

export interface RunWorkerOptions {
  readonly directoryUrl: string;
  readonly hooks?: MoveHooks;
  readonly limits?: Partial<MoveLimits>;
  readonly onRun?: (run: Run) => void;
  readonly onFailure?: (error: unknown, run?: Run) => void;
}

/** Class of the advisory locks on runs: whoever holds one does the run. */
const RUN_LOCK = 1_398_034_245;
const POLL_MS = 500;
const MOST_FINDINGS = 100;
/** A worker that died holds what it had locked until the directory has noticed, and not every session of its at once. */
const PLAN_WITHIN_MS = 5_000;

type Outcome = readonly [state: RunState | undefined, progress: RunProgress];

/**
 * Does the runs that operators asked for, one at a time. Any number of workers may look for them; a run whose worker died
 * is taken up by another, which computes anew what is left to do.
 */
export class RunWorker {
  private readonly stopping = new AbortController();
  private polling: Promise<void> | undefined;

  constructor(private readonly options: RunWorkerOptions) {}

  start(): void {
    this.polling ??= this.poll();
  }

  /** Begins nothing more. What is under way ends between two moves if that is soon, and else goes to another worker. */
  async stop(withinMs: number): Promise<void> {
    this.stopping.abort();
    const late = new AbortController();
    const timeout = delay(withinMs, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([this.polling, timeout]);
    late.abort();
  }

  private poll(): Promise<void> {
    const { directoryUrl, onFailure } = this.options;
    const watch = { directoryUrl, application: 'sharding-run', signal: this.stopping.signal };
    return pollDirectory({ ...watch, ...(onFailure && { onFailure }) }, async (session) => {
      const run = await nextRun(session, RUN_LOCK);
      if (!run || !(await tryLock(session, RUN_LOCK, run.id))) return false;
      await this.do(session, run);
      return true;
    });
  }

  private async do(session: Session, { id }: Run): Promise<void> {
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

  /** Writes progress down, and hears of an operator's stop, as long as a run is under way. */
  private async watch(
    session: Session,
    id: string,
    latest: { readonly progress: RunProgress },
    stop: AbortController,
    ended: AbortSignal,
  ): Promise<void> {
    while (!ended.aborted) {
      await delay(POLL_MS, undefined, { signal: ended }).catch(() => undefined);
      if (this.stopping.signal.aborted) stop.abort();
      try {
        await noteRun(session, id, latest.progress);
        if ((await readRun(session, id))?.state === 'stopping') stop.abort();
      } catch {
        // The directory is away: the movers wait for it, and the end of the run tells.
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

  /** Plans from what is there now, and does it. */
  private async movesOf(run: Run, latest: { progress: RunProgress }, signal: AbortSignal): Promise<Outcome> {
    const { directoryUrl, hooks, limits } = this.options;
    const { keyspaces, by, shard, groupBuckets, parallel } = run.options;
    const plan = await planRebalance({
      directoryUrl,
      ...(keyspaces && { keyspaces }),
      ...(by && { by }),
      ...(groupBuckets !== undefined && { group: { buckets: groupBuckets } }),
      ...(run.kind === 'drain' && shard !== undefined && { drain: shard }),
    });
    if (run.kind === 'drain' && shard !== undefined) {
      await onDirectory(directoryUrl, (directory) => setDraining(directory, shard, true, keyspaces));
    }
    latest.progress = { moves: plan.moves.length + plan.unfinished.length, secondsPlanned: Math.round(plan.seconds) };
    const { stopped, paused } = await executePlan(plan, {
      ...{ directoryUrl, signal },
      ...(hooks && { hooks }),
      ...(limits && { limits }),
      ...(parallel !== undefined && { parallel }),
      requestedBy: run.requestedBy ?? 'an operator',
      onProgress: ({ moves, movesDone, rows, ofRows }) => {
        latest.progress = { ...latest.progress, moves, movesDone, rows, ofRows };
      },
    });
    // Told to end for a reason of its own: another worker goes on.
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
