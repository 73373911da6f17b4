import { Session } from '@stoa/postgres';
import { pause } from '@stoa/timing';

/** Options of pollDirectory. */
export interface PollOptions {
  readonly directoryUrl: string;
  /** Shown in pg_stat_activity. */
  readonly application: string;
  /** Ends the polling. */
  readonly signal: AbortSignal;
  readonly onFailure?: (error: unknown) => void;
}

const POLL_MS = 500;

/**
 * Polls the directory for work twice a second, on one session; after a failure on a new one.
 * @param poll returns true to close the session, which releases its locks: the next poll then follows at once.
 */
export async function pollDirectory(
  { directoryUrl: url, application, signal, onFailure }: PollOptions,
  poll: (session: Session) => Promise<boolean>,
): Promise<void> {
  let session: Session | undefined;
  const drop = async (): Promise<void> => {
    await session?.close();
    session = undefined;
  };
  while (!signal.aborted) {
    let done = false;
    try {
      session ??= await Session.open({ url, server: 'the directory', application });
      done = await poll(session);
      if (done) await drop();
    } catch (error) {
      onFailure?.(error);
      await drop();
    }
    if (!done) await pause(POLL_MS, signal);
  }
  await drop();
}
