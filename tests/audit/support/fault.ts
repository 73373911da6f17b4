import type { Random } from '../../support/load/random.js';
import { processes, type Process } from '../../support/stack.js';

/** A fault that was injected: its victim, and how it ends. */
export interface Injection {
  readonly victim: string;
  /** The time of the injection, of performance.now(). */
  readonly at: number;
  /** Ends a fault that does not pass by itself. */
  readonly heal?: () => Promise<void>;
  /** Checks what must hold once it is over. @throws Error that says what does not */
  readonly verify?: () => Promise<void>;
}

/** A fault that can be injected into the stack. */
export interface Fault {
  readonly name: string;
  /** The thing of the machine that it needs: see the global set-up. */
  readonly needs?: 'toxiproxy' | 'small disk';
  /** No request may fail for it. */
  readonly isSmooth?: boolean;
  /** It is to be over after so many milliseconds. */
  readonly goalMs?: number;
  /** Milliseconds until a lasting one is healed; 4,000 if not given. */
  readonly holdMs?: number;
  /** The only shard that it makes unavailable: the customers of the others go on shopping. */
  readonly shard?: string;
  readonly inject: (random: Random) => Promise<Injection>;
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

export function signal({ name, pid }: Process, word: NodeJS.Signals): Injection {
  process.kill(pid, word);
  return { victim: name, at: performance.now() };
}

/** Stops a process until it is healed. */
export function freeze(victim: Process): Injection {
  return { ...signal(victim, 'SIGSTOP'), heal: async () => thaw(victim.pid) };
}

function thaw(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It is gone: its supervisor ended it.
  }
}
