import { counted, grouped, ranges } from '@stoa/cli';
import { purgeOrphans, type OrphanPurge } from '@stoa/sharding';
import type { CommandRun } from '../terminal.js';

/** Counts rows of buckets that are on other shards and in no move; deletes them with `--yes`. */
export const purge: CommandRun = async ({ directoryUrl, options, say, printJson, progress }) => {
  const [shard] = options.words;
  const { keyspaces } = options;
  const dryRun = options.dryRun || !options.yes;
  const shards = await purgeOrphans(directoryUrl, {
    dryRun,
    ...(shard !== undefined && { shard }),
    ...(keyspaces && { keyspaces }),
    onProgress: (keyspace, of, rows) => progress.show({ label: `${keyspace}/${of}`, done: 0, total: 1, counted: rows }),
  });
  progress.clear();
  printJson({ dryRun, shards });
  const some = shards.filter(({ orphans }) => orphans.length > 0);
  for (const line of some.flatMap((each) => linesOf(each, dryRun))) say(line);
  if (some.length === 0) say('There are no orphaned rows.');
  else if (dryRun) say('Nothing was deleted: --yes deletes them.');
  return 0;
};

const linesOf = ({ keyspace, shard, orphans, purged }: OrphanPurge, dryRun: boolean): string[] => [
  ...orphans.map(({ table, rows, buckets }) => {
    const of = `${counted(buckets.length, 'bucket')} (${ranges(buckets)})`;
    return `${keyspace}/${shard}: ${table} holds ${counted(rows, 'row')} of ${of} that ${buckets.length === 1 ? 'is' : 'are'} elsewhere`;
  }),
  ...(dryRun ? [] : [`${keyspace}/${shard}: ${grouped(purged)} deleted`]),
];
