/** Repeats of a signal within this time are the same Ctrl-C, passed on by npm and the shell. */
const SAME_SIGNAL_MS = 1_500;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface InterruptHandlers {
  /** Called once, by the first signal: ends in order. */
  readonly first: (signal: NodeJS.Signals) => void;
  /** Called by each later one: ends at once. */
  readonly again: () => void;
}

/**
 * From this call on, Ctrl-C does not end the process: `first` and `again` decide.
 * @returns a function that acts as such a signal does, for faults that end the command as well
 */
export function onInterrupt({ first, again }: InterruptHandlers): (signal: NodeJS.Signals) => void {
  let since = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (since === 0) {
      since = Date.now();
      first(signal);
    } else if (Date.now() - since > SAME_SIGNAL_MS) again();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return onSignal;
}
