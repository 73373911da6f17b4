import { counted, duration, grouped, ranges, size, table } from '@stoa/cli';
import { moveHooks } from '@stoa/messaging/moves';
import { executePlan, type Move, type PlanProgress, type RebalancePlan } from '@stoa/sharding';
import type { Terminal } from './terminal.js';

/** The time of a move without rows, as the rows that are copied in it: the progress bar follows the remaining time. */
const ROWS_PER_MOVE = 30_000;

/** Writes what a plan will do. */
export function sayPlan({ say, options }: Terminal, plan: RebalancePlan): void {
  const rows = plan.shares.map(({ keyspace, shard, before, after }) => {
    const change = after.buckets - before.buckets;
    return [
      ...[keyspace, shard, grouped(before.buckets), '→', grouped(after.buckets)],
      ...[change === 0 ? '' : `${change > 0 ? '+' : '−'}${grouped(Math.abs(change))}`],
      ...[grouped(before.rows), '→', grouped(after.rows), size(before.bytes), '→', size(after.bytes)],
    ];
  });
  const head = ['keyspace', 'shard', 'buckets', '', '', '', 'rows', '', '', 'bytes', '', ''];
  if (rows.length > 0) say(table([head, ...rows], { right: [2, 4, 5, 6, 8, 9, 11] }));
  for (const warning of plan.warnings) say(`! ${warning}`);
  if (plan.unfinished.length > 0) {
    say(
      `${counted(plan.unfinished.length, 'move')} that ${plan.unfinished.length === 1 ? 'is' : 'are'} under way come first.`,
    );
  }
  if (plan.moves.length === 0) return say('Nothing else is to be moved.');
  const about = plan.estimated ? 'about ' : '';
  say(
    `${counted(plan.buckets, 'bucket')} with ${about}${counted(plan.rows, 'row')} (${size(plan.bytes)}) in ` +
      `${counted(plan.moves.length, 'move')}, about ${duration(plan.seconds)}.`,
  );
  if (!options.dryRun) return;
  for (const { keyspace, from, to, buckets, rows: held, seconds } of plan.moves) {
    say(
      `  ${keyspace} ${from} → ${to}: ${counted(buckets.length, 'bucket')} (${ranges(buckets)}), ${counted(held, 'row')}, ${duration(seconds)}`,
    );
  }
}

/**
 * Executes a plan, or with --dry-run only writes it.
 * @param again the command that goes on with it.
 * @returns the exit code.
 */
export async function executeWithProgress(terminal: Terminal, plan: RebalancePlan, again: string): Promise<number> {
  const { directoryUrl, options, say, printJson, progress, stopSignal } = terminal;
  sayPlan(terminal, plan);
  if (options.dryRun) {
    printJson({ dryRun: true, plan });
    return 0;
  }
  let done = 0;
  const total = plan.moves.length + plan.unfinished.length;
  const result = await executePlan(plan, {
    directoryUrl,
    signal: stopSignal(),
    parallel: options.parallel,
    hooks: moveHooks,
    requestedBy: 'npm run shards',
    onProgress: (now) => progress.show(progressOf(now)),
    onMoved: (move) => {
      progress.clear();
      done += 1;
      say(moveResultLine(move, done, total));
    },
  }).finally(() => progress.clear());
  printJson({ dryRun: false, plan, stopped: result.stopped, paused: result.paused, moves: result.moves });
  if (result.stopped) say(`Stopped: ${done} of ${counted(total, 'move')} are done. ${again} goes on with the rest.`);
  for (const id of result.paused) say(`Move ${id} is paused: npm run shards -- resume ${id} goes on with it.`);
  if (total > 0 && !result.stopped && result.paused.length === 0) say('Done.');
  return result.stopped || result.paused.length > 0 ? 1 : 0;
}

function progressOf({ movesDone, moves, rows, ofRows, keyspace, from, to, step }: PlanProgress) {
  return {
    label: `move ${Math.min(moves, movesDone + 1)} of ${moves}: ${keyspace} ${from} → ${to}, ${step}`,
    done: rows + movesDone * ROWS_PER_MOVE,
    total: ofRows + moves * ROWS_PER_MOVE,
    counted: rows,
  };
}

/** The result of a move, on one line. */
export function moveResultLine(
  { keyspace, source, destination, buckets, phase, info }: Move,
  index: number,
  of: number,
): string {
  const rows = info.rows === undefined ? '' : `, ${counted(info.rows, 'row')}`;
  const fenced = info.fencedMs === undefined ? '' : `, writes waited at most ${info.fencedMs} ms`;
  const compared =
    info.comparison === undefined || info.comparison === 'equal' ? '' : `, comparison ${info.comparison}`;
  const how = phase === 'done' ? '✓' : phase;
  return `  ${how} ${index}/${of} ${keyspace} ${source} → ${destination}: ${counted(buckets.length, 'bucket')}${rows}${fenced}${compared}`;
}
