import { parseArguments, table } from '@stoa/cli';
import { stateDir } from '../state-dir/paths.js';
import { readDirectory } from '../state-dir/secrets.js';
import { mappedShards, type MappedShard } from '../data/sharding.js';
import { runningState } from '../state-dir/state.js';
import { paymentLines, processTable, rowsOf } from '../display/process-table.js';

const HEALTH_MS = 2_000;

/** `npm run status [-- --json]`. @returns 1 if nothing runs */
export async function status(words: string[]): Promise<number> {
  const { values } = parseArguments(words, { command: 'npm run status', options: { json: { type: 'boolean' } } });
  const state = runningState(stateDir());
  if (!state) {
    process.stdout.write(
      values.json ? '{"phase":"stopped","processes":[]}\n' : 'Nothing runs: npm start brings the stack up.\n',
    );
    return 1;
  }
  const shards = await readShards();
  if (values.json) {
    const { pid, phase, startedAt, url, balancerSocket } = state;
    const rows = rowsOf(state);
    // Only what exists: a clone that waits to be started again has no number.
    const processes = rows.filter((row) => row.pid !== null);
    const waiting = rows.filter((row) => row.pid === null);
    process.stdout.write(
      `${JSON.stringify({ pid, phase, startedAt, url, balancerSocket, processes, waiting, shards }, null, 2)}\n`,
    );
    return 0;
  }
  const where = state.url ? ` at ${state.url}` : '';
  process.stdout.write(`The stack is ${state.phase}${where}, started ${state.startedAt} (pid ${state.pid})\n\n`);
  process.stdout.write(`${processTable(state)}\n${shardLines(shards)}`);
  for (const line of paymentLines(state)) process.stdout.write(`${line}\n`);
  const refused = state.url ? await refusedContracts(state.url) : [];
  if (refused.length > 0)
    process.stdout.write(
      `\nThe gateway does not follow what these published last of their contract: ${refused.join(', ')}. GET /v1/contracts says why.\n`,
    );
  return 0;
}

/** Of which services the gateway keeps an earlier contract; none while it can't be asked. */
async function refusedContracts(url: string): Promise<readonly string[]> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(HEALTH_MS) });
    return ((await response.json()) as { readonly refusedContracts?: readonly string[] }).refusedContracts ?? [];
  } catch {
    return [];
  }
}

/** The shards of the map; none while it can't be reached, so that the rest is shown all the same. */
async function readShards(): Promise<MappedShard[]> {
  const directory = readDirectory(stateDir());
  return directory ? mappedShards(directory.adminUrl).catch(() => []) : [];
}

function shardLines(shards: readonly MappedShard[]): string {
  const names = [...new Set(shards.map(({ shard }) => shard))];
  const lines = names.map((name) => {
    const held = shards.filter(({ shard }) => shard === name).map(({ keyspace, buckets }) => `${keyspace} ${buckets}`);
    return [name, held.join(', ')];
  });
  return lines.length === 0 ? '' : `\n${table([['SHARD', 'BUCKETS'], ...lines])}\n`;
}
