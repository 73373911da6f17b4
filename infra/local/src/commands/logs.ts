import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CliError, parseArguments, wholeNumber } from '@stoa/cli';
import { stateDir } from '../state-dir/paths.js';

const POLL_MS = 200;

/** `npm run logs -- [NAME ...] [-n LINES] [--no-follow]`: NAME is a clone, a service or a server (all clones). */
export async function logs(words: string[]): Promise<number> {
  const { names, lines, follow } = parse(words);
  const dir = join(stateDir(), 'logs');
  const offsets = new Map<string, number>();
  const matching = (): Promise<string[]> => logNames(dir, names);
  const first = await matching();
  if (first.length === 0) {
    const all = await logNames(dir, ['']);
    throw new CliError(`no log of ${names.join(', ') || 'a clone'}; there are: ${all.join(', ') || 'none yet'}`);
  }
  const label = (name: string): string => (first.length > 1 ? `${name.padEnd(12)} ` : '');
  for (const name of first) {
    const text = readFileSync(join(dir, `${name}.log`));
    offsets.set(name, text.length);
    print(label(name), text.toString('utf8').trimEnd().split('\n').slice(-lines));
  }
  if (!follow) return 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(0));
  for (;;) {
    await delay(POLL_MS);
    for (const name of await matching()) {
      const { text, offset } = added(join(dir, `${name}.log`), offsets.get(name) ?? 0);
      offsets.set(name, offset);
      if (text !== '') print(label(name), text.trimEnd().split('\n'));
    }
  }
}

function parse(given: string[]): { names: readonly string[]; lines: number; follow: boolean } {
  const { values, words } = parseArguments(given, {
    command: 'npm run logs',
    words: true,
    allowNegative: true,
    options: { lines: { type: 'string', short: 'n', default: '40' }, follow: { type: 'boolean', default: true } },
  });
  return { names: words, lines: wholeNumber('-n', values.lines, { from: 0 }), follow: values.follow };
}

async function logNames(dir: string, wanted: readonly string[]): Promise<string[]> {
  const files = await readdir(dir).catch(() => []);
  const names = files.filter((file) => file.endsWith('.log')).map((file) => file.slice(0, -'.log'.length));
  // A service's name selects all its clones: cart is cart-1, cart-2, ...
  const matches = (name: string): boolean =>
    wanted.length === 0
      ? /^(?!postgres).+-\d+$/.test(name)
      : wanted.some((each) => each === '' || name === each || name.startsWith(`${each}-`));
  return names.filter(matches).toSorted();
}

/** The whole lines added to a file since `from`. A file that has shrunk was cut, and is read from its beginning. */
function added(file: string, from: number): { text: string; offset: number } {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const start = size < from ? 0 : from;
  if (size === start) return { text: '', offset: start };
  const bytes = Buffer.alloc(size - start);
  const fd = openSync(file, 'r');
  try {
    const read = readSync(fd, bytes, 0, bytes.length, start);
    const end = bytes.subarray(0, read).lastIndexOf(10) + 1; // whole lines only
    return { text: bytes.toString('utf8', 0, end), offset: start + end };
  } finally {
    closeSync(fd);
  }
}

function print(label: string, lines: string[]): void {
  for (const line of lines) process.stdout.write(`${label}${line}\n`);
}
