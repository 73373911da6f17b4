import { codeOf } from '@stoa/postgres';

/** SQLSTATE of the fence: the bucket is not on this server, and the caller's map is stale. */
export const NOT_HERE = 'SH001';
/** SQLSTATE of the fence: the bucket is being switched to another shard; a retry succeeds in a moment. */
export const BEING_MOVED = 'SH002';
/**
 * The constraint's name in a BEING_MOVED error of a server that was not compared with the directory since its start.
 */
const UNCONFIRMED = 'sharding_confirmed';
/** SQLSTATE of a shard: another mover has resumed the move. */
export const STALE_MOVER = 'SH003';

/** True for an error of a server that waits to be compared with the directory. */
export const isUnconfirmed = (error: unknown): boolean =>
  codeOf(error) === BEING_MOVED && (error as { constraint?: unknown }).constraint === UNCONFIRMED;
