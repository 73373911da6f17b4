import { repoRoot } from '../state-dir/paths.js';
import { mustBe, parseWords, refuseOthers, SEED, WHOLE } from '../usage.js';
import { JEST, runToEnd } from './tools.js';

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
  const { values, positionals } = parseWords('audit', { args: words, options, allowPositionals: true });
  const { minutes, seed, brokers, repeat, out } = values;
  mustBe('audit', '--minutes', minutes, WHOLE);
  mustBe('audit', '--repeat', repeat, WHOLE);
  mustBe('audit', '--seed', seed, SEED);
  mustBe('audit', '--brokers', brokers, { form: /^[13]$/, called: '1 or 3' });
  // `--only a b` is `--only a --only b`.
  if (!values.only) refuseOthers('audit', positionals);
  const only = [...(values.only ?? []), ...positionals].flatMap((names) => names.split(','));
  return { minutes, seed, brokers, repeat, only, out };
}
