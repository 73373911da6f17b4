import type { ProgressBar } from '@stoa/cli';
import type { Options } from './options.js';

/** The environment of a command: its options, and its output. */
export interface Terminal {
  readonly directoryUrl: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly options: Options;
  /** Writes a line for people; with --json it writes nothing. */
  readonly say: (line: string) => void;
  /** Writes the one JSON document of a command with --json. */
  readonly printJson: (value: unknown) => void;
  readonly progress: ProgressBar;
  /** From this call on, Ctrl-C aborts the signal instead of ending the process. */
  readonly stopSignal: () => AbortSignal;
}

/** A command. @returns the exit code: 1 when not all could be done. */
export type CommandRun = (terminal: Terminal) => Promise<number>;
