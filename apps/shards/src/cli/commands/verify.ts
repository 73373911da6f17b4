import { counted, ranges } from '@stoa/cli';
import { knownKeyspaces, verify as verifyKeyspace } from '@stoa/sharding';
import type { CommandRun } from '../terminal.js';

/** Compares the map, the owners and the rows on all shards. */
export const verify: CommandRun = async ({ directoryUrl, options, say, printJson, progress }) => {
  const keyspaces = await knownKeyspaces(directoryUrl, options.keyspaces);
  const results = [];
  for (const keyspace of keyspaces) {
    const { ok, findings, moving, rows } = await verifyKeyspace(directoryUrl, keyspace, (now) =>
      progress.show({ label: keyspace, done: now.tables, total: now.ofTables, counted: now.rows }),
    );
    progress.clear();
    results.push({ keyspace, ok, findings, moving, rows });
    const sums = Object.entries(rows).map(([shard, count]) => `${shard} ${counted(count, 'row')}`);
    say(`${keyspace}: ${ok ? 'map, owners and rows agree' : counted(findings.length, 'finding')} (${sums.join(', ')})`);
    if (moving.length > 0)
      say(`  left out, because a move has them: ${counted(moving.length, 'bucket')} (${ranges(moving)})`);
    for (const { kind, shard, buckets, detail } of findings) {
      const of = buckets && buckets.length > 1 ? ` (${ranges(buckets)})` : '';
      say(`  ✗ ${kind}${shard === undefined ? '' : ` on ${shard}`}${of}: ${detail}`);
    }
  }
  const ok = results.every((result) => result.ok);
  printJson({ ok, keyspaces: results });
  return ok ? 0 : 1;
};
