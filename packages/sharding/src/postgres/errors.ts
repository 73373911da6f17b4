/** The bucket is not on this server: the caller's map is stale. */
export const NOT_HERE = 'SH001';
/** The bucket is being switched to another shard: it can be written again in a moment. */
export const BEING_MOVED = 'SH002';
/** Names what a server refuses that nobody has compared with the directory since it was started, beside BEING_MOVED. */
const UNCONFIRMED = 'sharding_confirmed';
/** Another mover has taken up the move. */
export const STALE_MOVER = 'SH003';

/** The SQLSTATE of Postgres's errors, or the code of a system error such as ECONNREFUSED. */
export const codeOf = (error: unknown): string | undefined => {
  const code: unknown = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
};

/** The server waits to be compared with the directory. */
export const isUnconfirmed = (error: unknown): boolean =>
  codeOf(error) === BEING_MOVED && (error as { constraint?: unknown }).constraint === UNCONFIRMED;

/** The connection to a server broke or could not be made. What was under way may or may not have been committed. */
export class SessionLost extends Error {
  constructor(server: string, cause: unknown) {
    const reason = cause instanceof Error && cause.message ? cause.message : (codeOf(cause) ?? String(cause));
    super(`No connection to ${server}: ${reason}`, { cause });
    this.name = 'SessionLost';
  }
}

/** Connection trouble (08), a server that stops or starts (57P), serialization and deadlock (40), full (53), time-outs. */
const TRANSIENT = /^(08|40|53|57P|57014|55P03|25P0[234])|^E(CONN|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN)/;

/** True when the same work may succeed a little later. */
export function isTransient(error: unknown): boolean {
  if (error instanceof SessionLost) return true;
  const code = codeOf(error);
  if (code === undefined) return false;
  return code === NOT_HERE || code === BEING_MOVED || TRANSIENT.test(code);
}
