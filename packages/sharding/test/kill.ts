import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually, freeze } from '@stoa/testing';
import { isHeld, withSession } from '@stoa/postgres';
import { inDirectory } from '../src/directory/keyspace.js';
import { PLAN_LOCK } from '../src/rebalancing/execute-plan.js';
import type { Step } from '../src/move-steps/phases.js';
import { KEYSPACE, type Cluster } from './cluster.js';

/** Ends a mover's sessions on all servers, as its death does. */
export async function cutOff(serverUrls: readonly string[], move: string): Promise<void> {
  for (const url of serverUrls) {
    await withSession({ url, server: 'postgres', application: 'test' }, (session) =>
      session.query('SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE application_name = $1', [
        `sharding-mover ${move}`,
      ]),
    );
  }
}

/** Runs a move in a process of its own and kills it with SIGKILL at a step. */
export async function killedAt(cluster: Cluster, move: string, step: Step, when: 'before' | 'after'): Promise<void> {
  const kill = await runUpTo('mover-child.mjs', { directoryUrl: cluster.directoryUrl, move, step, when });
  await kill('SIGKILL');
}

/** Rebalances in a process of its own and kills it with SIGKILL at a step of its first move that gets there. */
export async function rebalanceKilledAt(cluster: Cluster, step: Step, when: 'before' | 'after'): Promise<void> {
  const { directoryUrl } = cluster;
  const kill = await runUpTo('rebalance-child.mjs', { directoryUrl, step, when, moveSize: { buckets: 128 } });
  await kill('SIGKILL');
  // Its lock on the plan is released when the server notices the end of its session.
  const locks = `SELECT FROM pg_locks AS l WHERE ${isHeld(String(PLAN_LOCK), `'${KEYSPACE}'`)}`;
  await eventually(async () => {
    const { rowCount } = await inDirectory(directoryUrl, (tx) => tx.query(locks));
    expect(rowCount).toBe(0);
  });
}

/** Runs a child up to a step, at which it stays. @returns a function that kills or freezes it. */
export async function runUpTo(
  script: string,
  options: { readonly step: Step } & Readonly<Record<string, unknown>>,
): Promise<(signal: 'SIGKILL' | 'SIGSTOP') => Promise<void>> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const exited = once(child, 'exit');
  const first = await Promise.race([once(child.stdout, 'data').then(() => 'here'), exited.then(() => 'ended')]);
  if (first !== 'here') throw new Error(`${script} ended before the step ${options.step}`);
  return async (signal) => {
    if (signal === 'SIGSTOP') return freeze(child);
    child.kill(signal);
    await exited;
  };
}
