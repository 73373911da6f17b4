import { codeOf, withSession, type Session, oneRow } from '@stoa/postgres';
import type { Addition, NewDatabase } from './plan-addition.js';
import { OperationRefused } from '../errors.js';
import { addressOf, reasonOf } from '../directory/known-shards.js';

const APPLICATION = 'sharding-operator';

/**
 * Creates the missing databases and roles of a new shard. Migrations create the tables later, and register the shard.
 * @throws OperationRefused when services can't connect as an existing role.
 */
export async function makeDatabases({ at, serverUrl, databases }: Addition): Promise<void> {
  await withSession({ url: serverUrl, server: at, application: APPLICATION }, async (session) => {
    for (const each of databases) {
      await makeRole(session, each);
      await makeDatabase(session, each);
    }
  });
  for (const { url, role } of databases) {
    await withSession({ url, server: addressOf(url), application: APPLICATION }, () => Promise.resolve()).catch(
      (error: unknown) => {
        throw new OperationRefused(`Services can't connect as ${role} to ${addressOf(url)}: ${reasonOf(error)}`, {
          cause: error,
        });
      },
    );
  }
}

async function makeRole(session: Session, { role, url }: NewDatabase): Promise<void> {
  const password = decodeURIComponent(new URL(url).password);
  const { statement } = await oneRow<{ statement: string }>(
    session,
    `SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', $1::text, $2::text) AS statement`,
    [role, password],
  );
  const { rowCount } = await session.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
  if (rowCount === 0) await session.query(statement).catch(unlessThere);
}

async function makeDatabase(session: Session, { database, role }: NewDatabase): Promise<void> {
  const names = await oneRow<{ database: string; role: string }>(
    session,
    'SELECT quote_ident($1) AS database, quote_ident($2) AS role',
    [database, role],
  );
  const { rowCount } = await session.query('SELECT FROM pg_database WHERE datname = $1', [database]);
  if (rowCount === 0)
    await session.query(`CREATE DATABASE ${names.database} TEMPLATE template0 ENCODING 'UTF8'`).catch(unlessThere);
  await session.query(`REVOKE CONNECT ON DATABASE ${names.database} FROM PUBLIC`);
  await session.query(`GRANT CONNECT ON DATABASE ${names.database} TO ${names.role}`);
}

/** Ignores that another process was quicker: duplicate_database, duplicate_object, or a violated unique index. */
function unlessThere(error: unknown): void {
  if (!['42P04', '42710', '23505'].includes(codeOf(error) ?? '')) throw error;
}
