import {
  knownShards,
  onDirectory,
  planRebalance,
  setDraining,
  shardsNamed,
  type RebalanceRequest,
} from '@stoa/sharding';
import { executeWithProgress } from '../execute-plan.js';
import type { CommandRun, Terminal } from '../terminal.js';

/** Makes the shards' shares even. */
export const rebalance: CommandRun = async (terminal) => {
  const plan = await planRebalance(requestOf(terminal));
  return executeWithProgress(terminal, plan, 'npm run shards -- rebalance');
};

/** Empties a shard, or lets rebalances move buckets to it again. */
export const drain: CommandRun = async (terminal) => {
  const { directoryUrl, options, say, printJson } = terminal;
  const [shard = ''] = options.words;
  const setTo = (draining: boolean): Promise<string[]> =>
    onDirectory(directoryUrl, (directory) => setDraining(directory, shard, draining, options.keyspaces));
  if (options.undo) {
    const { dryRun } = options;
    const keyspaces = dryRun ? await namesOf(terminal, shard) : await setTo(false);
    printJson({ dryRun, shard, draining: false, keyspaces });
    say(`Rebalances ${dryRun ? 'could' : 'may'} bring ${shard} buckets again (${keyspaces.join(', ')}).`);
    return 0;
  }
  const plan = await planRebalance({ ...requestOf(terminal), drain: shard });
  if (!options.dryRun) await setTo(true);
  const code = await executeWithProgress(terminal, plan, `npm run shards -- drain ${shard}`);
  if (code === 0 && !options.dryRun) say(`${shard} is empty: npm run shards -- remove ${shard} forgets it.`);
  return code;
};

/** Lists the keyspaces that have the shard. @throws OperationRefused */
const namesOf = ({ directoryUrl, options }: Terminal, shard: string): Promise<string[]> =>
  onDirectory(directoryUrl, async (directory) =>
    shardsNamed(await knownShards(directory, options.keyspaces), shard).map(({ keyspace }) => keyspace),
  );

function requestOf({ directoryUrl, options }: Terminal): RebalanceRequest {
  const { keyspaces, by, group, keepFreeBytes } = options;
  return {
    directoryUrl,
    by,
    ...(keyspaces && { keyspaces }),
    ...(group !== undefined && { moveSize: { buckets: group } }),
    ...(keepFreeBytes !== undefined && { keepFreeBytes }),
  };
}
