import { clones, roll } from './commands/clones.js';
import { audit } from './commands/audit.js';
import { deadLetters } from './commands/dead-letters.js';
import { logs } from './commands/logs.js';
import { mailbox } from './commands/mailbox.js';
import { reset } from './commands/reset.js';
import { start, type StartPlace } from './commands/start.js';
import { status } from './commands/status.js';
import { stop } from './commands/stop.js';
import { test, testMoves, testQuick } from './commands/test.js';
import { bench, catalog, keys, payments, shards, withdraw } from './commands/tools.js';
import { CliError } from '@stoa/cli';
import { USAGE } from './usage.js';

const commands: Record<string, (words: string[], place?: StartPlace) => Promise<number>> = {
  start,
  status,
  clones,
  roll,
  stop,
  logs,
  mailbox,
  'dead-letters': deadLetters,
  reset,
  catalog,
  shards,
  withdraw,
  keys,
  payments,
  bench,
  test,
  'test-quick': testQuick,
  'test-moves': testMoves,
  audit,
};

/** Runs a command. @returns its exit code; a CliError becomes one line. */
export async function main(verb: string, words: string[], place?: StartPlace): Promise<number> {
  const command = commands[verb];
  try {
    if (!command) throw new CliError(`there is no command "${verb}"; there are ${Object.keys(commands).join(', ')}`);
    const usage = USAGE[verb];
    if (usage !== undefined && words.includes('--help')) {
      process.stdout.write(`${usage}\n`);
      return 0;
    }
    return await command(words, place);
  } catch (error) {
    if (error instanceof CliError) process.stderr.write(`stoa: ${error.message}\n`);
    else if (isDiskFull(error))
      process.stderr.write('stoa: the disk is full: free some space, or move the data with STOA_STATE_DIR\n');
    else process.stderr.write(`stoa: ${error instanceof Error ? error.stack : String(error)}\n`);
    return 1;
  }
}

/** Ours, or what a server said about its own disk. */
function isDiskFull(error: unknown): boolean {
  return error instanceof Error && /ENOSPC|no space left/i.test(error.message);
}

if (import.meta.main) {
  // The reader of the output may stop early (npm start | head): that is no reason to fail.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const [verb = 'start', ...words] = process.argv.slice(2);
  // Not process.exitCode: sockets of stopped servers may linger.
  process.exit(await main(verb, words));
}
