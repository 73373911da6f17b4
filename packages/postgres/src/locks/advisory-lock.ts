import { oneRow, type Sql } from '../sql/sql.js';

/*
 * Advisory locks of a session. A lock is named by a class, a number for its kind, and a text for which one of the kind.
 */

/** Takes a lock if nobody has it. The session's end releases it. @returns whether the session has it now */
export async function tryLock(session: Sql, lockClass: number, name: string): Promise<boolean> {
  const lock = 'SELECT pg_try_advisory_lock($1, hashtext($2)) AS got';
  return (await oneRow<{ got: boolean }>(session, lock, [lockClass, name])).got;
}

/** As tryLock, shared with other sessions that took it by this function. */
export async function tryLockShared(session: Sql, lockClass: number, name: string): Promise<boolean> {
  const lock = 'SELECT pg_try_advisory_lock_shared($1, hashtext($2)) AS got';
  return (await oneRow<{ got: boolean }>(session, lock, [lockClass, name])).got;
}

/** SQL that is true for the rows `l` of pg_locks that hold a lock. Both arguments are SQL. */
export const isHeld = (lockClass: string, name: string): string =>
  `l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND l.classid = ${lockClass}::oid AND l.objid = (hashtext(${name})::bigint & 4294967295)::oid`;
