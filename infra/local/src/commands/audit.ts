import { parseArgs } from 'node:util';
import { Failure } from '../failure.js';
import { repoRoot } from '../paths.js';
import { JEST, runToEnd } from './tools.js';

const HELP = 'npm run audit -- [--minutes N] [--seed N] [--only FAULT ...] [--repeat N] [--brokers N] [--out FOLDER]';
const WHOLE = /^[1-9]\d*$/;

interface Options {
  minutes: string;
  seed: string;
  brokers: string;
  repeat: string;
  only: string[];
  out: string | undefined;
}

/** `npm run audit`: faults on a stack of its own, under load whose every acknowledged effect is checked. @returns 1 if one was lost. */
export function audit(words: string[]): Promise<number> {
  const { minutes, seed, brokers, repeat, only, out } = parse(words);
  const env = {
    ...process.env,
    STOA_AUDIT_MINUTES: minutes,
    STOA_AUDIT_SEED: seed,
    STOA_AUDIT_BROKERS: brokers,
    STOA_AUDIT_REPEAT: repeat,
    STOA_AUDIT_ONLY: only.join(','),
    STOA_AUDIT_OUT: out ?? '',
  };
  return runToEnd([...JEST, '--runInBand', '--selectProjects', 'long audit'], env, repoRoot);
}

function parse(words: string[]): Options {
  const someSeed = String(Math.floor(Math.random() * 1_000_000));
  const options = {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: someSeed },
    brokers: { type: 'string', default: '1' },
    repeat: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
    out: { type: 'string' },
  } as const;
  try {
    // `--only a b` is `--only a --only b`.
    const { values, positionals } = parseArgs({ args: words, options, allowPositionals: true });
    const { minutes, brokers, repeat, out, seed } = values;
    const only = [...(values.only ?? []), ...positionals].flatMap((names) => names.split(','));
    const numbers = [minutes, brokers, repeat].every((each) => WHOLE.test(each)) && /^\d+$/.test(seed);
    if (numbers && (positionals.length === 0 || values.only)) return { minutes, seed, brokers, repeat, only, out };
  } catch {
    // said below
  }
  throw new Failure(`"${words.join(' ')}" was not understood: ${HELP}`);
}
