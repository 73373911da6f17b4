import type { ProgressBar } from './progress-bar.js';

/** Repeats of a signal within this time are the same Ctrl-C, passed on by npm and the shell. */
const SAME_SIGNAL_MS = 1_500;
const INTERRUPTED = 130;

/**
 * Aborted by the first Ctrl-C: the command then ends where it can. The second one ends the process at once, which leaves
 * nothing broken either.
 */
export function stopSignal(progress: ProgressBar): AbortSignal {
  const stopping = new AbortController();
  let since = 0;
  const onSignal = (): void => {
    if (since === 0) {
      since = Date.now();
      progress.line('Finishing the moves under way; Ctrl-C again leaves them to be resumed.');
      stopping.abort();
    } else if (Date.now() - since > SAME_SIGNAL_MS) {
      progress.line(
        'Left: npm run shards -- resume finishes the moves that were under way, if nobody has taken them up.',
      );
      process.exit(INTERRUPTED);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return stopping.signal;
}
