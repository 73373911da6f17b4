import { counted, ranges } from '@stoa/cli';
import { onDirectory, reconcileEverywhere, type Reconciliation } from '@stoa/sharding';
import type { CommandRun } from '../terminal.js';

/** Lets a server serve again that was restored from a backup, copied, or is a standby that took over. */
export const reconcile: CommandRun = async ({ directoryUrl, options, say, printJson }) => {
  const [shard = ''] = options.words;
  const { dryRun, keyspaces } = options;
  const request = { shard, dryRun, ...(keyspaces && { keyspaces }) };
  const done = await onDirectory(directoryUrl, (directory) => reconcileEverywhere(directory, request));
  printJson({ dryRun, shard, keyspaces: done });
  for (const each of done) say(lineOf(each, dryRun));
  return 0;
};

function lineOf({ keyspace, shard, now, released, found }: Reconciliation, dryRun: boolean): string {
  const at = `${keyspace}/${shard}`;
  if (!found) return `${at} is in the history it was in (${now}): nothing to do.`;
  const serves = dryRun ? 'would serve' : 'serves';
  const why = `Found: ${found.join('; ')}.`;
  if (released.length === 0) return `${at} has all that the map gives it, and ${serves} again. ${why}`;
  const gives = dryRun ? 'would give' : 'gives';
  return `${at} ${gives} up ${counted(released.length, 'bucket')} that moved to other shards (${ranges(released)}), and ${serves} the others. ${why}`;
}
