import { CliError, oneOf, parseArguments, wholeNumber } from '@stoa/cli';
import { BUCKETS } from '@stoa/sharding';

/** The words after `npm run shards --`, checked without a look at the servers. */
export interface Options {
  readonly command: string;
  readonly words: readonly string[];
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly keyspaces: readonly string[] | undefined;
  readonly by: 'bytes' | 'rows';
  readonly group: number | undefined;
  readonly parallel: number;
  readonly keepFreeBytes: number | undefined;
  readonly name: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly buckets: readonly number[] | undefined;
  readonly undo: boolean;
  readonly acceptDifference: boolean;
  readonly local: boolean;
  readonly yes: boolean;
}

const COMMON = ['json', 'keyspace', 'help'];
const PLANNING = ['dry-run', 'group', 'parallel', 'keep-free'];

/** The number of words of each command, and its options. */
const COMMANDS: Readonly<
  Record<string, { readonly words: readonly [least: number, most: number]; readonly options: readonly string[] }>
> = {
  status: { words: [0, 0], options: [] },
  where: { words: [1, 1], options: [] },
  add: { words: [0, 1], options: ['dry-run', 'name', 'local'] },
  move: { words: [0, 0], options: [...PLANNING, 'buckets', 'from', 'to'] },
  rebalance: { words: [0, 0], options: [...PLANNING, 'by'] },
  drain: { words: [1, 1], options: [...PLANNING, 'by', 'undo'] },
  remove: { words: [1, 1], options: ['dry-run'] },
  abort: { words: [1, 1], options: ['dry-run'] },
  reverse: { words: [1, 1], options: ['dry-run'] },
  pause: { words: [1, 1], options: ['dry-run'] },
  resume: { words: [0, 1], options: ['dry-run', 'parallel', 'accept-difference'] },
  reconcile: { words: [1, 1], options: ['dry-run'] },
  verify: { words: [0, 0], options: [] },
  'purge-orphans': { words: [0, 1], options: ['dry-run', 'yes'] },
};

const OPTIONS = {
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  'dry-run': { type: 'boolean', default: false },
  keyspace: { type: 'string', multiple: true },
  by: { type: 'string', default: 'bytes' },
  group: { type: 'string' },
  parallel: { type: 'string', default: '2' },
  'keep-free': { type: 'string' },
  name: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  buckets: { type: 'string' },
  undo: { type: 'boolean', default: false },
  local: { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
  'accept-difference': { type: 'boolean', default: false },
} as const;

/** The text of --help. */
export const USAGE = `npm run shards -- COMMAND [--json] [--keyspace NAME ...]

  status                                   shards, what they hold, and the moves under way
  where ID | E-MAIL                        where each keyspace has a customer's data
  add URL [--name SHARD]                   make a Postgres server (its owner's URL) a shard of all keyspaces
  add --local [--name SHARD]               the same with one more Postgres of the stack that runs on this machine
  rebalance [--by bytes|rows]              make the shards' shares even
  drain SHARD [--undo]                     move everything from a shard, and bring it nothing any more
  remove SHARD                             forget a shard that holds nothing
  move --keyspace NAME --buckets 0-63,70 --to SHARD [--from SHARD]
  abort MOVE | all                         take a move back, before its switch
  reverse MOVE                             move the buckets of a finished move back
  pause MOVE | all                         keep a move from going on
  resume [MOVE] [--accept-difference]      finish moves that were paused, or whose mover died
  reconcile SHARD                          let a server serve again that was restored or copied, or took over from another
  verify                                   compare map, owners and rows on all shards
  purge-orphans [SHARD] [--yes]            count rows of buckets that are elsewhere; with --yes, delete them

  --dry-run        check everything, say what would be done, change nothing
  --json           one JSON document on standard output
  --keyspace       only these (all)
  --group N        at most so many buckets in a move (64)
  --parallel N     so many moves side by side, never two from one shard (2)
  --keep-free MB   what must stay free on each destination's disk (1024)

The directory is at DIRECTORY_ADMIN_URL (its owner's URL), else that of the stack that runs on this machine.
Exit code: 0 done, 1 not all could be done (or verify found something), 2 nothing was done.
`;

const SYNTAX = { command: 'npm run shards', options: OPTIONS, words: true } as const;
const MAX_GROUP = 256;
const MAX_PARALLEL = 16;
const MAX_KEEP_FREE_MB = 1e9;
const MIB = 1024 ** 2;

/** Parses a command. @returns undefined for --help. @throws CliError that names the wrong word. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values, words: given } = parseArguments(args, SYNTAX);
  const [command, ...words] = given;
  if (values.help || command === undefined) return undefined;
  checkUse(command, words, args);
  const bounded = (option: 'group' | 'keep-free', from: number, to: number): number | undefined => {
    const text = values[option];
    return text === undefined ? undefined : wholeNumber(`--${option}`, text, { from, to });
  };
  const megabytes = bounded('keep-free', 0, MAX_KEEP_FREE_MB);
  return {
    command,
    words,
    json: values.json,
    dryRun: values['dry-run'],
    keyspaces: values.keyspace?.flatMap((names) => names.split(',')),
    by: oneOf('--by', values.by, ['bytes', 'rows']),
    group: bounded('group', 1, MAX_GROUP),
    parallel: wholeNumber('--parallel', values.parallel, { to: MAX_PARALLEL }),
    keepFreeBytes: megabytes === undefined ? undefined : megabytes * MIB,
    name: values.name === undefined ? undefined : shardName(values.name),
    from: values.from,
    to: values.to,
    buckets: values.buckets === undefined ? undefined : bucketNumbers(values.buckets),
    undo: values.undo,
    local: values.local,
    yes: values.yes,
    acceptDifference: values['accept-difference'],
  };
}

function checkUse(command: string, words: readonly string[], args: readonly string[]): void {
  const use = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (!use) {
    throw new CliError(`there is no command "${command}"; there are ${Object.keys(COMMANDS).join(', ')}`);
  }
  const [least, most] = use.words;
  const line = USAGE.split('\n').find((each) => each.startsWith(`  ${command} `) || each === `  ${command}`) ?? '';
  const how = `npm run shards -- ${line.trim().split(/ {3,}/)[0] ?? command}`;
  if (words.length < least) throw new CliError(`${command} needs an argument: ${how}`);
  if (words.length > most) throw new CliError(`"${words[most]}" is too much: ${how}`);
  const given = args.filter((arg) => arg.startsWith('--')).map((arg) => arg.slice(2).split('=')[0] ?? '');
  const wrong = given.find((option) => option !== '' && ![...COMMON, ...use.options].includes(option));
  if (wrong !== undefined) throw new CliError(`${command} knows no --${wrong}: ${how}`);
}

function shardName(name: string): string {
  if (/^[a-z][a-z0-9_-]{0,30}$/.test(name)) return name;
  throw new CliError(`"${name}" can't name a shard: lower case letters, digits, _ and -, a letter first, at most 31`);
}

/** Parses bucket numbers such as `0-63,70`. @throws CliError */
function bucketNumbers(text: string): number[] {
  const numbers = text.split(',').flatMap((part) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
    if (first === undefined || Number(last) < Number(first) || Number(last) >= BUCKETS) {
      throw new CliError(`--buckets takes numbers from 0 to ${BUCKETS - 1} such as 0-63,70, not "${part}"`);
    }
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index);
  });
  return [...new Set(numbers)];
}
