import { parseArgs } from 'node:util';
import { Failure } from '../failure.js';
import { repoRoot } from '../paths.js';
import { JEST, runToEnd } from './tools.js';

const HELP = 'npm run audit -- [--minutes N] [--seed N] [--only FAULT ...] [--brokers N] [--out FOLDER]';
const WHOLE = /^[1-9]\d*$/;

interface Options {
  minutes: string;
  seed: string;
  brokers: string;
  only: string[];
  out: string | undefined;
}

/** `npm run audit`: faults on a stack of its own, under load whose every acknowledged effect is checked. @returns 1 if one was lost. */
export function audit(words: string[]): Promise<number> {
  const { minutes, seed, brokers, only, out } = parse(words);
  const env = {
    ...process.env,
    STOA_AUDIT_MINUTES: minutes,
    STOA_AUDIT_SEED: seed,
    STOA_AUDIT_BROKERS: brokers,
    STOA_AUDIT_ONLY: only.join(','),
    STOA_AUDIT_OUT: out ?? '',
  };
  return runToEnd([...JEST, '--runInBand', '--selectProjects', 'long audit'], env, repoRoot);
}

function parse(words: string[]): Options {
  const seed = String(Math.floor(Math.random() * 1_000_000));
  const options = {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: seed },
    brokers: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
    out: { type: 'string' },
  } as const;
  try {
    // `--only a b` is `--only a --only b`.
    const { values, positionals } = parseArgs({ args: words, options, allowPositionals: true });
    const { minutes, brokers, out } = values;
    const only = [...(values.only ?? []), ...positionals].flatMap((names) => names.split(','));
    const numbers = WHOLE.test(minutes) && WHOLE.test(brokers) && /^\d+$/.test(values.seed);
    if (numbers && (positionals.length === 0 || values.only)) return { minutes, seed: values.seed, brokers, only, out };
  } catch {
    // said below
  }
  throw new Failure(`"${words.join(' ')}" was not understood: ${HELP}`);
}
