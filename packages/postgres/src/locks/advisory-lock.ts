import { oneRow, type Sql } from '../sql/sql.js';

/*
 * Advisory locks of a session, which name what they lock by a class (what kind of thing it is) and a text (which one).
 */

/** Takes a lock if nobody has it; the session's end releases it. */
export async function tryLock(session: Sql, lockClass: number, name: string): Promise<boolean> {
  const lock = 'SELECT pg_try_advisory_lock($1, hashtext($2)) AS got';
  return (await oneRow<{ got: boolean }>(session, lock, [lockClass, name])).got;
}

/** As tryLock, beside others that have it in the same way. */
export async function tryLockShared(session: Sql, lockClass: number, name: string): Promise<boolean> {
  const lock = 'SELECT pg_try_advisory_lock_shared($1, hashtext($2)) AS got';
  return (await oneRow<{ got: boolean }>(session, lock, [lockClass, name])).got;
}

/** SQL that is true for the rows `l` of pg_locks by which somebody has a lock; both arguments are SQL. */
export const isHeld = (lockClass: string, name: string): string =>
  `l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND l.classid = ${lockClass}::oid AND l.objid = (hashtext(${name})::bigint & 4294967295)::oid`;
