import { onInterrupt, type ProgressBar } from '@stoa/cli';

const INTERRUPTED = 130;

/**
 * Makes a signal that the first Ctrl-C aborts: the command then ends at the next point where it can. The second Ctrl-C
 * ends the process at once, which breaks nothing either.
 */
export function stopSignal(progress: ProgressBar): AbortSignal {
  const stopping = new AbortController();
  onInterrupt({
    first: () => {
      progress.line('Finishing the moves under way; Ctrl-C again leaves them to be resumed.');
      stopping.abort();
    },
    again: () => {
      progress.line(
        'Left: npm run shards -- resume finishes the moves that were under way, if nobody has resumed them.',
      );
      process.exit(INTERRUPTED);
    },
  });
  return stopping.signal;
}
