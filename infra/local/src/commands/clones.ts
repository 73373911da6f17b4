import { setImmediate } from 'node:timers/promises';
import { CliError, parseArguments, Steps } from '@stoa/cli';
import { stateDir } from '../state-dir/paths.js';
import { requestTask, type StepListener } from '../control/client.js';
import type { ClonesByApp, Tasks } from '../control/protocol.js';
import { parseCloneCount } from '../plan/options.js';
import { findHaproxy } from '../servers/haproxy-binary.js';
import { runningState } from '../state-dir/state.js';

const CLONES_USAGE = 'npm run clones -- catalog=3 cart=2 [--json]';
const ROLL_USAGE = 'npm run roll -- cart [profile ...] | haproxy | all [--json]';

/** `npm run clones -- catalog=3 cart=2`: adds and removes clones of the running stack, until that is stopped. */
export function clones(given: string[]): Promise<number> {
  const { words, json } = parse('clones', given, CLONES_USAGE);
  const pairs = words.map((value) => parseCloneCount('clones', value));
  const twice = pairs.find(([app], n) => pairs.findIndex(([other]) => other === app) !== n);
  if (twice) throw new CliError(`"${twice[0]}" is named twice: ${CLONES_USAGE}`);
  const counts = Object.fromEntries(pairs);
  return change('set clones', { counts }, json);
}

/** `npm run roll -- cart`: replaces each clone by one that runs the present build; no request fails. */
export async function roll(given: string[]): Promise<number> {
  const { words, json } = parse('roll', given, ROLL_USAGE);
  const reloads = words.includes('all') || words.includes('haproxy');
  // The program that this checkout uses: the stack that runs may be of an earlier one.
  const haproxy = reloads ? await findHaproxy() : undefined;
  return change('roll', { apps: words, ...(haproxy !== undefined && { haproxy }) }, json);
}

function parse(verb: string, given: string[], usage: string): { words: readonly string[]; json: boolean } {
  const options = { json: { type: 'boolean', default: false } } as const;
  const { values, words } = parseArguments(given, { command: `npm run ${verb}`, options, words: true });
  if (words.length === 0) throw new CliError(`say of which service: ${usage}`);
  return { words, json: values.json };
}

async function change<T extends 'set clones' | 'roll'>(
  task: T,
  request: Tasks[T]['request'],
  json: boolean,
): Promise<number> {
  if (!runningState(stateDir())) throw new CliError('nothing runs: npm start brings the stack up');
  const steps: { step: string; ms: number }[] = [];
  const progress = new Steps();
  const listener: StepListener = json
    ? { began: () => undefined, ended: (step, ms) => void steps.push({ step, ms }) }
    : shownBy(progress);
  const all: ClonesByApp = await requestTask(stateDir(), task, request, listener);
  await setImmediate(); // the last step's line comes first
  if (json) process.stdout.write(`${JSON.stringify({ steps, clones: all }, null, 2)}\n`);
  else process.stdout.write(`Done after ${progress.elapsed()}: ${summary(all)}\n`);
  return 0;
}

/** Shows steps that the stack does. */
function shownBy(progress: Steps): StepListener {
  const ends = new Map<string, () => void>();
  return {
    began: (step) => void progress.step(step, () => new Promise<void>((resolve) => ends.set(step, resolve))),
    ended: (step) => ends.get(step)?.(),
  };
}

const summary = (all: ClonesByApp): string =>
  Object.values(all)
    .map((names) => names.join(' '))
    .join(', ');
