import { codeOf } from '@stoa/postgres';

/** The bucket is not on this server: the caller's map is stale. */
export const NOT_HERE = 'SH001';
/** The bucket is being switched to another shard: it can be written again in a moment. */
export const BEING_MOVED = 'SH002';
/** Names what a server refuses that nobody has compared with the directory since it was started, beside BEING_MOVED. */
const UNCONFIRMED = 'sharding_confirmed';
/** Another mover has taken up the move. */
export const STALE_MOVER = 'SH003';

/** The server waits to be compared with the directory. */
export const isUnconfirmed = (error: unknown): boolean =>
  codeOf(error) === BEING_MOVED && (error as { constraint?: unknown }).constraint === UNCONFIRMED;
