import type { Random } from '../../support/load/random.js';
import { processes, type Process } from '../../support/stack.js';

/** What was done to whom, and how it ends. */
export interface Blow {
  readonly victim: string;
  /** Of performance.now(). */
  readonly at: number;
  /** Ends what does not pass by itself. */
  readonly heal?: () => Promise<void>;
  /** What must hold once it is over. @throws Error that says what does not */
  readonly verify?: () => Promise<void>;
}

/** Something that happens to the stack. */
export interface Fault {
  readonly name: string;
  /** What of the machine it needs: see the global set-up. */
  readonly needs?: 'toxiproxy' | 'small disk';
  /** No request may fail for it. */
  readonly isSmooth?: boolean;
  /** It is to be over after so many milliseconds. */
  readonly goalMs?: number;
  /** What lasts until it is healed, lasts this many milliseconds; 4,000 if not given. */
  readonly holdMs?: number;
  /** The only shard that it takes away: the customers of the others go on shopping. */
  readonly shard?: string;
  readonly strike: (random: Random) => Promise<Blow>;
}

/** One of the processes that run now. */
export async function someProcess(random: Random, which: (process: Process) => boolean): Promise<Process> {
  return random.pick((await processes()).filter(which));
}

/** The clones of an app. */
export const isCloneOf =
  (app: string) =>
  ({ name }: Process): boolean =>
    new RegExp(`^${app}-\\d+$`).test(name);

export function signal({ name, pid }: Process, word: NodeJS.Signals): Blow {
  process.kill(pid, word);
  return { victim: name, at: performance.now() };
}

/** Lets a process stand still until it is healed. */
export function freeze(victim: Process): Blow {
  return { ...signal(victim, 'SIGSTOP'), heal: async () => wake(victim.pid) };
}

function wake(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It is gone: whoever watches over it ended it.
  }
}
