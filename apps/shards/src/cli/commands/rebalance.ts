import { onDirectory, planRebalance, setDraining, type RebalanceRequest } from '@stoa/sharding';
import { carry } from '../carry.js';
import type { CommandRun, Terminal } from '../terminal.js';

/** Makes the shards' shares even. */
export const rebalance: CommandRun = async (terminal) => {
  const plan = await planRebalance(requestOf(terminal));
  return carry(terminal, plan, 'npm run shards -- rebalance');
};

/** Empties a shard, or lets rebalances bring it something again. */
export const drain: CommandRun = async (terminal) => {
  const { directoryUrl, options, say, answer } = terminal;
  const [shard = ''] = options.words;
  const setTo = (draining: boolean): Promise<string[]> =>
    onDirectory(directoryUrl, (directory) => setDraining(directory, shard, draining, options.keyspaces));
  if (options.undo) {
    const keyspaces = await setTo(false);
    answer({ shard, draining: false, keyspaces });
    say(`Rebalances may bring ${shard} buckets again (${keyspaces.join(', ')}).`);
    return 0;
  }
  const plan = await planRebalance({ ...requestOf(terminal), drain: shard });
  if (!options.dryRun) await setTo(true);
  const code = await carry(terminal, plan, `npm run shards -- drain ${shard}`);
  if (code === 0 && !options.dryRun) say(`${shard} is empty: npm run shards -- remove ${shard} forgets it.`);
  return code;
};

function requestOf({ directoryUrl, options }: Terminal): RebalanceRequest {
  const { keyspaces, by, group, keepFreeBytes } = options;
  return {
    directoryUrl,
    by,
    ...(keyspaces && { keyspaces }),
    ...(group !== undefined && { group: { buckets: group } }),
    ...(keepFreeBytes !== undefined && { keepFreeBytes }),
  };
}
