import { CliError, ProgressBar } from '@stoa/cli';
import { SessionLost } from '@stoa/postgres';
import { onDirectory } from '@stoa/sharding';
import { abort, pause, resume, reverse } from './commands/moves.js';
import { add } from './commands/add.js';
import { drain, rebalance } from './commands/rebalance.js';
import { move } from './commands/move.js';
import { purge } from './commands/purge-orphans.js';
import { reconcile } from './commands/reconcile.js';
import { remove } from './commands/remove.js';
import { status } from './commands/status.js';
import { verify } from './commands/verify.js';
import { where } from './commands/where.js';
import { parseOptions, USAGE } from './options.js';
import { stopSignal } from './stop-signal.js';
import type { CommandRun } from './terminal.js';

const COMMANDS: Readonly<Record<string, CommandRun>> = {
  status,
  where,
  add,
  move,
  rebalance,
  drain,
  remove,
  abort,
  reverse,
  pause,
  resume,
  reconcile,
  verify,
  'purge-orphans': purge,
};
const NOTHING_DONE = 2;
const NOT_ALL_DONE = 1;
const BUSINESS_ERRORS = ['OperationRefused', 'MoveRefused'];
/** Errors of the library that are written for people; any other is a fault and shown with its stack. */
const PLAIN_ERRORS = ['MoveBusy', 'MovePaused', 'MoveStalled', 'RowsDiffer', 'StaleMover', 'SessionLost'];

async function run(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (!options) {
    process.stdout.write(USAGE);
    return 0;
  }
  const directoryUrl = process.env['DIRECTORY_ADMIN_URL'];
  if (!directoryUrl) {
    throw new CliError('DIRECTORY_ADMIN_URL is not set, and no stack runs on this machine: npm start brings one up');
  }
  if (!/^postgres(ql)?:\/\/./.test(directoryUrl) || !URL.canParse(directoryUrl)) {
    throw new CliError('DIRECTORY_ADMIN_URL is no URL such as postgres://user:password@host:5432/directory');
  }
  const progress = new ProgressBar({
    out: options.json ? { write: () => undefined } : process.stderr,
    unit: 'rows',
  });
  const command = COMMANDS[options.command];
  if (!command) throw new CliError(`there is no command "${options.command}"`);
  await reach(directoryUrl);
  return command({
    directoryUrl,
    env: process.env,
    options,
    progress,
    say: (line) => void (options.json || process.stdout.write(`${line}\n`)),
    printJson: (value) => void (options.json && process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)),
    stopSignal: () => stopSignal(progress),
  });
}

/** Checks that the directory is available before a command begins. @throws CliError */
async function reach(directoryUrl: string): Promise<void> {
  try {
    await onDirectory(directoryUrl, async () => undefined);
  } catch (error) {
    throw error instanceof SessionLost ? new CliError(error.message, { cause: error }) : error;
  }
}

/** Writes an error as one line. @returns the exit code. */
function explain(error: unknown): number {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const refused = error instanceof CliError || BUSINESS_ERRORS.includes(name);
  const plain = refused || PLAIN_ERRORS.includes(name);
  const goOn =
    PLAIN_ERRORS.includes(name) && name.includes('Move')
      ? ' (shards resume goes on with it, shards abort takes it back)'
      : '';
  process.stderr.write(`shards: ${plain ? `${message.replaceAll(/\s+/g, ' ')}${goOn}` : stack}\n`);
  return refused ? NOTHING_DONE : NOT_ALL_DONE;
}

const code = await run(process.argv.slice(2)).catch(explain);
// A reader of a pipe gets all output first; a server that does not respond must not keep the process.
process.stdout.write('', () => process.exit(code));
