import type { ProgressBar } from '@stoa/cli';
import type { Options } from './options.js';

/** What a command works with. */
export interface Terminal {
  readonly directoryUrl: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly options: Options;
  /** A line for people; with --json there are none. */
  readonly say: (line: string) => void;
  /** The command's whole answer with --json. */
  readonly answer: (value: unknown) => void;
  readonly progress: ProgressBar;
  /** From this call on, Ctrl-C aborts the signal instead of ending the process. */
  readonly stopSignal: () => AbortSignal;
}

/** Does what was asked. @returns the exit code: 1 when not all could be done. */
export type CommandRun = (terminal: Terminal) => Promise<number>;
