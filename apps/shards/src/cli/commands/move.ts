import { CliError } from '@stoa/cli';
import { planBuckets } from '@stoa/sharding';
import { executeWithProgress } from '../execute-plan.js';
import type { CommandRun } from '../terminal.js';

/** Moves certain buckets of one keyspace to a shard. */
export const move: CommandRun = async (terminal) => {
  const { directoryUrl, options } = terminal;
  const { keyspaces = [], buckets, from, to, group, keepFreeBytes } = options;
  const [keyspace] = keyspaces;
  if (keyspace === undefined || keyspaces.length > 1 || buckets === undefined || to === undefined) {
    throw new CliError('move needs all of these: npm run shards -- move --keyspace cart --buckets 0-63 --to shard2');
  }
  const plan = await planBuckets({
    directoryUrl,
    keyspace,
    buckets,
    to,
    ...(from !== undefined && { from }),
    ...(group !== undefined && { moveSize: { buckets: group } }),
    ...(keepFreeBytes !== undefined && { keepFreeBytes }),
  });
  return executeWithProgress(terminal, plan, 'The same command');
};
