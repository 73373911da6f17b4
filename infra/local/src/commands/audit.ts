import { oneOf, parseArguments, wholeNumber } from '@stoa/cli';
import { repoRoot } from '../state-dir/paths.js';
import { JEST } from '../test-runs/jest.js';
import { runToEnd } from './tools.js';

interface Options {
  minutes: number;
  seed: number;
  brokers: '1' | '3';
  repeat: number;
  only: string[];
  out: string | undefined;
}

/**
 * `npm run audit`: faults on a stack of its own, under load whose every acknowledged effect is checked.
 * @returns 1 if one was lost
 */
export function audit(words: string[]): Promise<number> {
  const { minutes, seed, brokers, repeat, only, out } = parse(words);
  const env = {
    ...process.env,
    STOA_AUDIT_MINUTES: String(minutes),
    STOA_AUDIT_SEED: String(seed),
    STOA_AUDIT_BROKERS: brokers,
    STOA_AUDIT_REPEAT: String(repeat),
    STOA_AUDIT_ONLY: only.join(','),
    STOA_AUDIT_OUT: out ?? '',
  };
  return runToEnd([...JEST, '--runInBand', '--selectProjects', 'long audit'], env, repoRoot);
}

function parse(given: string[]): Options {
  const someSeed = String(Math.floor(Math.random() * 1_000_000));
  const { values } = parseArguments(given, {
    command: 'npm run audit',
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: someSeed },
      brokers: { type: 'string', default: '1' },
      repeat: { type: 'string', default: '1' },
      only: { type: 'string', multiple: true, list: true, example: 'kill-cart' },
      out: { type: 'string' },
    },
  });
  return {
    minutes: wholeNumber('--minutes', values.minutes),
    seed: wholeNumber('--seed', values.seed, { from: 0 }),
    brokers: oneOf('--brokers', values.brokers, ['1', '3']),
    repeat: wholeNumber('--repeat', values.repeat),
    only: values.only ?? [],
    out: values.out,
  };
}
