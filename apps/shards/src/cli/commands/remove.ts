import { onDirectory, removeEverywhere } from '@stoa/sharding';
import type { CommandRun } from '../terminal.js';

/** Forgets a shard that holds nothing. */
export const remove: CommandRun = async ({ directoryUrl, options, say, printJson }) => {
  const [shard = ''] = options.words;
  const { dryRun, keyspaces: only } = options;
  const request = { shard, dryRun, ...(only && { keyspaces: only }) };
  const keyspaces = await onDirectory(directoryUrl, (directory) =>
    directory.transaction((tx) => removeEverywhere(tx, request)),
  );
  printJson({ dryRun, shard, keyspaces });
  const what = dryRun ? 'would be forgotten' : 'is forgotten';
  say(`${shard} ${what} (${keyspaces.join(', ')}). Its databases stay: drop them on the server if you want the space.`);
  return 0;
};
