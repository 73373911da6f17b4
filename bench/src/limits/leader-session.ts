import type { Logger } from '@stoa/kafka';
import { LockSession } from '@stoa/postgres';

/** A session as a database's leader has one; the server never ends it for being silent. */
export const leaderSession = (url: string): Promise<LockSession> =>
  LockSession.open({ url, applicationName: 'bench leader', idleTimeoutMs: 600_000 });

export const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
