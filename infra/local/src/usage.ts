import { parseArgs, type ParseArgsConfig } from 'node:util';
import { Failure, reason } from './failure.js';

/** What `--help` says of commands that take few words; the others have more to say and say it themselves. */
export const USAGE: Record<string, string> = {
  status: `npm run status [-- --json]

What runs where, with its memory and its shards. Exit code: 0 it runs, 1 nothing runs.`,
  stop: `npm run stop

Ends in order the stack that runs in another terminal or in the background.`,
  reset: `npm run reset

Drops all data, logs and secrets of the stopped stack. Downloads stay.`,
  logs: `npm run logs [-- NAME ...] [-n LINES] [--no-follow]

  NAME         a clone, a service or a server; without one, all clones
  -n LINES     how many of the last lines of each (40)
  --no-follow  ends after these, instead of waiting for more`,
  clones: `npm run clones -- APP=N [APP=N ...] [--json]

Adds and takes away clones of the running stack; it lasts until the stack is stopped.`,
  roll: `npm run roll -- APP [APP ...] | all [--json]

Replaces clone by clone by one that runs what is built now; no request fails.`,
  'dead-letters': `npm run dead-letters -- list [SERVICE] [--limit N] | show ID | replay ID | replay --key KEY [SERVICE] | drop ID   [--json]

Events that a service could not handle: read them, handle them again, or throw them away. Exit code: 1 a replay failed again.`,
  'test-moves': `npm run test:moves -- [--minutes N] [--seed N] [words for Jest]

The long form of the tests that move data while it is used.

  --minutes N  how long shards come and go in the longest of them (30); all take some 20 minutes more
  --seed N     of the load and of when servers are killed`,
  audit: `npm run audit -- [--minutes N] [--seed N] [--only FAULT ...] [--repeat N] [--brokers N] [--out FOLDER]

Faults on a stack of its own, under load whose every acknowledged effect is checked. Exit code: 1 something was lost.

  --minutes N       how long (10): each fault once, then any of them until the time is over
  --seed N          of what comes at random (drawn and printed if not given)
  --only FAULT ...  only these, such as kill-cart; a wrong name is answered with all there are
  --repeat N        each so many times (1)
  --brokers N       Kafka brokers, 1 or 3 (1)
  --out FOLDER      where the table and the plot go`,
};

const seeHelp = (command: string): string => `npm run ${command} -- --help says what there is`;

/** For commands that take no words but these. @throws Failure that names the one which is not understood */
export function refuseOthers(command: string, words: readonly string[], known: readonly string[] = []): void {
  const wrong = words.find((word) => !known.includes(word));
  if (wrong !== undefined) throw new Failure(`"${wrong}" is not understood; ${seeHelp(command)}`);
}

/** As parseArgs. @throws Failure that names the word which is not understood */
export function parseWords<T extends ParseArgsConfig>(command: string, config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new Failure(`${reason(error)} (${seeHelp(command)})`, { cause: error });
  }
}

interface Form {
  readonly form: RegExp;
  readonly called: string;
}

export const WHOLE: Form = { form: /^[1-9]\d*$/, called: 'a whole number from 1' };
export const SEED: Form = { form: /^\d+$/, called: 'a whole number from 0' };

/** @throws Failure that names the flag */
export function mustBe(command: string, flag: string, given: string, { form, called }: Form): void {
  if (!form.test(given)) throw new Failure(`${flag} is ${called}, not "${given}"; ${seeHelp(command)}`);
}
