import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repoRoot } from '@stoa/local';
import type { CommandReply, InboxKey } from '@stoa/messaging';
import type { Sql } from '@stoa/postgres';
import type { KafkaPort, Logger } from '@stoa/kafka';

// What messaging does inside, as it is built: what is measured is what runs. Only what is used of it is typed.

interface Inbox {
  claim(tx: Sql, key: InboxKey): Promise<boolean>;
  finish(tx: Sql, key: InboxKey, reply: CommandReply, messages: readonly []): Promise<void>;
  recordAll(tx: Sql, answers: readonly (readonly [InboxKey, CommandReply])[]): Promise<void>;
}

interface Purge {
  purgeExpired(
    options: { readonly server: string; readonly logger: Logger; readonly everyMs: number },
    sql: Sql,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface LockSession extends Sql {
  close(): Promise<void>;
}

interface LockSessions {
  readonly LockSession: {
    open(options: { url: string; applicationName: string; idleTimeoutMs: number }): Promise<LockSession>;
  };
}

interface Relays {
  readonly OutboxRelay: new (options: { port: KafkaPort; topicPrefix: string; server: string; logger: Logger }) => {
    run(sql: Sql, signal: AbortSignal): Promise<void>;
  };
}

const built = async <Module>(file: string): Promise<Module> =>
  (await import(pathToFileURL(join(repoRoot, 'packages/messaging/dist', file)).href)) as Module;

export const inbox = (): Promise<Inbox> => built('inbox/inbox.js');
export const purge = (): Promise<Purge> => built('background/purge-expired.js');
export const relays = (): Promise<Relays> => built('outbox/outbox-relay.js');

/** A session as a database's leader has one; the server never ends it for being silent. */
export async function leaderSession(url: string): Promise<LockSession> {
  const { LockSession } = await built<LockSessions>('background/lock-session.js');
  return LockSession.open({ url, applicationName: 'bench leader', idleTimeoutMs: 600_000 });
}

export const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
