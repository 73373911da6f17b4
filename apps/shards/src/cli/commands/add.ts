import { CliError } from '@stoa/cli';
import { knownKeyspaces, makeDatabases, planAddition, type Addition } from '@stoa/sharding';
import { migrateDatabases } from '../migrate-databases.js';
import type { CommandRun, Terminal } from '../terminal.js';

/** Makes a Postgres server a shard of all keyspaces. It holds nothing until something is moved to it. */
export const add: CommandRun = async (terminal) => {
  const { directoryUrl, options, say, printJson } = terminal;
  const { name, keyspaces, dryRun } = options;
  const server = await serverOf(terminal);
  if (server === undefined) return 0;
  const shard = server.shard ?? name;
  const request = {
    directoryUrl,
    serverUrl: server.url,
    ...(shard !== undefined && { name: shard }),
    ...(keyspaces && { keyspaces }),
  };
  const addition = await planAddition(request);
  for (const warning of addition.warnings) say(`! ${warning}`);
  const summary = summaryOf(addition);
  if (dryRun) {
    printJson({ dryRun: true, ...summary });
    for (const line of intended(addition)) say(line);
    return 0;
  }
  await makeDatabases(addition);
  await migrateDatabases(terminal, addition);
  printJson({ dryRun: false, ...summary });
  const those = addition.databases.map(({ keyspace }) => keyspace).join(', ');
  say(
    `${addition.shard} at ${addition.at} is a shard of ${those}, and holds nothing yet: npm run shards -- rebalance fills it.`,
  );
  return 0;
};

/** Finds the server to add; undefined for a dry run of `--local`, which writes that one would be started. */
async function serverOf({
  directoryUrl,
  options,
  say,
  printJson,
  env,
}: Terminal): Promise<{ url: string; shard?: string } | undefined> {
  const [given] = options.words;
  if (!options.local) {
    if (given !== undefined) return { url: given };
    throw new CliError('add needs an argument: npm run shards -- add postgres://owner:password@host:5432');
  }
  if (given !== undefined) throw new CliError('--local takes no URL');
  if (options.dryRun) {
    const names = await knownKeyspaces(directoryUrl, options.keyspaces);
    printJson({ dryRun: true, shard: options.name ?? null, keyspaces: names });
    say(`One more Postgres server would be started on this machine, and become a shard of ${names.join(', ')}.`);
    return undefined;
  }
  // The parent command has started the server, and passes its address on.
  const { STOA_LOCAL_SHARD_URL: url, STOA_LOCAL_SHARD: shard } = env;
  if (url === undefined || shard === undefined)
    throw new CliError('no stack runs on this machine: npm start brings one up');
  return { url, shard };
}

/** The JSON form of a plan, without secrets. */
const summaryOf = ({ shard, at, databases, warnings }: Addition) => ({
  shard,
  at,
  warnings,
  databases: databases.map(({ keyspace, database, databaseExists, role, roleExists, known }) => {
    return { keyspace, database, databaseExists, role, roleExists, known };
  }),
});

function intended({ shard, at, databases }: Addition): string[] {
  const each = databases.map(({ keyspace, database, databaseExists, role, roleExists, known }) => {
    const make = [
      ...(roleExists ? [] : [`make the role ${role}`]),
      ...(databaseExists ? [] : [`make the database ${database}`]),
    ];
    return `  ${keyspace}: ${[...make, 'run the migrations', known ? 'which changes nothing else' : `add ${shard} to the directory`].join(', ')}`;
  });
  return [`${shard} at ${at} would become a shard:`, ...each];
}
