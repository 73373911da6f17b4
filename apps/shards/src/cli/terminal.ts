import type { ProgressBar } from '@stoa/cli';
import type { Options } from './options.js';

/** The dependencies of a command. */
export interface Terminal {
  readonly directoryUrl: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly options: Options;
  /** A line for people; with --json there are none. */
  readonly say: (line: string) => void;
  /** Prints the command's whole result with --json; nothing without. */
  readonly printJson: (value: unknown) => void;
  readonly progress: ProgressBar;
  /** From this call on, Ctrl-C aborts the signal instead of ending the process. */
  readonly stopSignal: () => AbortSignal;
}

/** Runs a command. @returns the exit code: 1 when not all could be done. */
export type CommandRun = (terminal: Terminal) => Promise<number>;
