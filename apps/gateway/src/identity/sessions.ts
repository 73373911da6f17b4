import { Injectable } from '@nestjs/common';
import { newId } from '@stoa/messaging';
import { HttpProblem, problem } from '../http/problem.js';
import { GatewayDatabase, type Transaction } from '../storage/gateway-database.js';
import { ACCESS_TOKEN_SECONDS } from './key-schedule.js';
import { hashOf, newNonce, newRefreshToken, successorOf } from './refresh-token.js';
import { Revocations } from './revocations.js';
import { standingOf, standingText, type Role, type Standing } from '../roles/standing.js';

/** A customer whose credentials were right. */
export interface SignedIn extends Standing {
  readonly customerId: string;
  readonly displayName: string;
  /** Of the customer, where the service that checks credentials gives it. */
  readonly version?: number | null | undefined;
}

/** A session, with the refresh token that continues it. */
export interface SessionState extends Standing {
  readonly sessionId: string;
  readonly customerId: string;
  readonly displayName: string;
  readonly refreshToken: string;
  /** When the password was given, in seconds since the epoch. */
  readonly provedAt: number;
  /** Of its device token; null: it began before there were any. */
  readonly deviceId: string | null;
}

/** Where a session is used, for its owner to know it again. */
export interface Place {
  readonly address: string;
  readonly userAgent: string | undefined;
}

/** A session ends this long after its last refresh. */
const IDLE_DAYS = 30;
/** A session ends this long after it began, however often it is refreshed. */
const LONGEST_DAYS: Readonly<Record<Role, number>> = { customer: 90, operator: 7 };
/** Characters kept of a User-Agent header. */
const LONGEST_USER_AGENT = 300;
/** A refresh whose response was lost may be repeated for this long. */
const REPEAT_SECONDS = 10;

interface TokenRow {
  session_id: string;
  customer_id: string;
  role: string;
  display_name: string;
  alive: boolean;
  used: boolean;
  repeatable: boolean;
  nonce: Uint8Array | null;
  proved_at: Date | null;
  device_id: string | null;
}

/** `created_at` → `createdAt`, as all fields of the API are written. */
const camelCased = (row: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );

const unknownCustomer = () => new HttpProblem(401, 'WRONG_CREDENTIALS', 'The name or the password is wrong');
const endedSession = (event: string) =>
  problem('UNAUTHENTICATED', 'The refresh token is not valid (any more): sign in again', { event });

/**
 * Sessions holds sign-ins, and the refresh tokens that keep them alive: each is used once, and its reuse ends the
 * session.
 */
@Injectable()
export class Sessions {
  constructor(
    private readonly database: GatewayDatabase,
    private readonly revocations: Revocations,
  ) {}

  /**
   * Starts a session.
   * @throws HttpProblem 401 when the customer's sessions, or those of their version, were ended during the sign-in
   */
  async start(
    { customerId, displayName, version = null, ...standing }: SignedIn,
    place: Place,
    deviceId: string,
  ): Promise<SessionState> {
    const token = { refreshToken: newRefreshToken(), provedAt: Math.floor(Date.now() / 1000) };
    const state = { sessionId: newId(), customerId, ...standing, displayName, deviceId, ...token };
    const userAgent = place.userAgent?.slice(0, LONGEST_USER_AGENT) ?? null;
    await this.database.transaction(async (tx) => {
      await lockCustomer(tx, customerId);
      const started = await tx.$executeRaw`
        INSERT INTO sessions (id, customer_id, role, display_name, expires_at, customer_version, address, user_agent, device_id, used_at, proved_at)
        SELECT ${state.sessionId}::uuid, ${customerId}::uuid, ${standingText(standing)}, ${displayName}, now() + make_interval(days => ${IDLE_DAYS}::int),
          ${version}::int, ${place.address}, ${userAgent}, ${deviceId}, now(), to_timestamp(${state.provedAt}::float8)
        WHERE NOT EXISTS (SELECT FROM ended_customers WHERE customer_id = ${customerId}::uuid)
          AND NOT EXISTS (SELECT FROM ended_sessions WHERE customer_id = ${customerId}::uuid AND below > ${version}::int)`;
      if (started === 0) throw unknownCustomer();
      await insertToken(tx, state.sessionId, state.refreshToken);
    });
    return state;
  }

  /**
   * Uses up a refresh token for its successor.
   * @throws HttpProblem 401; a token used before ends its session, unless its response may have been lost
   */
  async refresh(token: string): Promise<SessionState> {
    const outcome = await this.database.transaction((tx) => rotate(tx, token));
    if (outcome.kind === 'rotated') return outcome.state;
    if (outcome.kind === 'refused') throw endedSession('refresh token refused');
    await this.revoke(outcome.sessionId, 'a refresh token was used twice');
    throw endedSession('refresh token reused');
  }

  /** Ends a session: its refresh tokens at once, its access tokens within 2 s on all clones. */
  async revoke(sessionId: string, reason: string): Promise<void> {
    const expiresAt = lastAccessExpires();
    await this.database.transaction(async (tx) => {
      await tx.$executeRaw`
        UPDATE sessions SET revoked_at = now(), revoked_reason = ${reason}
        WHERE id = ${sessionId}::uuid AND revoked_at IS NULL`;
      await tx.$executeRaw`
        INSERT INTO revocations (session_id, expires_at) VALUES (${sessionId}::uuid, ${expiresAt})
        ON CONFLICT DO NOTHING`;
    });
    this.revocations.add(sessionId, expiresAt);
  }

  /** The sessions of a customer, with all that is stored of them: for the customer's own data. */
  async export(customerId: string): Promise<Record<string, unknown>[]> {
    const rows = await this.database.transaction(
      (tx) => tx.$queryRaw<{ session: Record<string, unknown> }[]>`
        SELECT to_jsonb(s) - 'customer_id' AS session FROM sessions AS s
        WHERE customer_id = ${customerId}::uuid ORDER BY created_at DESC LIMIT 1000`,
    );
    return rows.map(({ session }) => camelCased(session));
  }

  /**
   * Ends and deletes all sessions of a customer who was erased, those of a sign-in in flight too: their refresh tokens
   * are unknown at once, their access tokens are refused within 2 s on all clones. A second call does no harm.
   */
  async endAll(customerId: string): Promise<void> {
    const expiresAt = lastAccessExpires();
    const ended = await this.database.transaction(async (tx) => {
      await lockCustomer(tx, customerId);
      await tx.$executeRaw`INSERT INTO ended_customers (customer_id) VALUES (${customerId}::uuid) ON CONFLICT DO NOTHING`;
      return tx.$queryRaw<{ id: string }[]>`
        WITH ended AS (DELETE FROM sessions WHERE customer_id = ${customerId}::uuid RETURNING id),
          revoked AS (INSERT INTO revocations (session_id, expires_at) SELECT id, ${expiresAt} FROM ended ON CONFLICT DO NOTHING)
        SELECT id::text FROM ended`;
    });
    for (const { id } of ended) this.revocations.add(id, expiresAt);
  }

  /**
   * Ends and deletes the sessions that a customer began at an earlier version, those of a sign-in in flight too, as
   * `endAll` does. Sessions whose version is not known are among them. A second call does no harm.
   * @param by the command that the version comes from: the session that sent it stays
   */
  async endEarlier(customerId: string, version: number, by?: string): Promise<void> {
    const expiresAt = lastAccessExpires();
    const ended = await this.database.transaction(async (tx) => {
      await lockCustomer(tx, customerId);
      await tx.$executeRaw`
        INSERT INTO ended_sessions (customer_id, below) VALUES (${customerId}::uuid, ${version}::int)
        ON CONFLICT (customer_id) DO UPDATE SET below = greatest(ended_sessions.below, excluded.below), ended_at = now()`;
      if (by !== undefined)
        await tx.$executeRaw`
          UPDATE sessions SET customer_version = greatest(customer_version, ${version}::int)
          WHERE customer_id = ${customerId}::uuid AND kept_command = ${by}::uuid`;
      return tx.$queryRaw<{ id: string }[]>`
        WITH ended AS (DELETE FROM sessions
            WHERE customer_id = ${customerId}::uuid AND (customer_version IS NULL OR customer_version < ${version}::int)
            RETURNING id),
          revoked AS (INSERT INTO revocations (session_id, expires_at) SELECT id, ${expiresAt} FROM ended ON CONFLICT DO NOTHING)
        SELECT id::text FROM ended`;
    });
    for (const { id } of ended) this.revocations.add(id, expiresAt);
  }
}

/** When the last access token that was given until now has expired. */
export const lastAccessExpires = (): Date => new Date(Date.now() + (ACCESS_TOKEN_SECONDS + 60) * 1000);

/** One at a time: a sign-in that began before its customer was erased either sees that, or its session is ended. */
export async function lockCustomer(tx: Transaction, customerId: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${customerId}, 0))`;
}

async function insertToken(tx: Transaction, sessionId: string, token: string): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO refresh_tokens (hash, session_id, expires_at)
    VALUES (${hashOf(token)}, ${sessionId}::uuid, now() + make_interval(days => ${IDLE_DAYS}::int))`;
}

type Outcome =
  | { readonly kind: 'rotated'; readonly state: SessionState }
  | { readonly kind: 'reused'; readonly sessionId: string }
  | { readonly kind: 'refused' };

/** Times are the database's: two clones of the gateway may disagree on ten seconds. */
async function rotate(tx: Transaction, token: string): Promise<Outcome> {
  const hash = hashOf(token);
  // The lock makes a repeat at the same time wait, and then see that the token was used.
  const [row] = await tx.$queryRaw<TokenRow[]>`
    SELECT t.session_id::text, s.customer_id::text, s.role, s.display_name, t.nonce, s.proved_at, s.device_id,
           s.revoked_at IS NULL AND s.expires_at > now() AND t.expires_at > now()
             AND s.created_at > now() - make_interval(days => CASE
               WHEN s.role LIKE 'operator%' THEN ${LONGEST_DAYS.operator}::int ELSE ${LONGEST_DAYS.customer}::int END) AS alive,
           t.used_at IS NOT NULL AS used,
           coalesce(t.used_at > clock_timestamp() - make_interval(secs => ${REPEAT_SECONDS}::float8), false) AS repeatable
    FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
    WHERE t.hash = ${hash} FOR UPDATE OF t`;
  if (!row?.alive) return { kind: 'refused' };
  if (row.used) return repeat(tx, token, row);
  const nonce = newNonce();
  const successor = successorOf(token, nonce);
  await tx.$executeRaw`UPDATE refresh_tokens SET used_at = clock_timestamp(), nonce = ${nonce} WHERE hash = ${hash}`;
  await insertToken(tx, row.session_id, successor);
  await tx.$executeRaw`
    UPDATE sessions SET used_at = now(), expires_at = least(now() + make_interval(days => ${IDLE_DAYS}::int),
      created_at + make_interval(days => ${longestDays(row)}::int)) WHERE id = ${row.session_id}::uuid`;
  return { kind: 'rotated', state: stateOf(row, successor) };
}

/** A lost response is not theft: the successor is given again as long as nobody has used it. */
async function repeat(tx: Transaction, token: string, row: TokenRow): Promise<Outcome> {
  const reused: Outcome = { kind: 'reused', sessionId: row.session_id };
  if (!row.repeatable || !row.nonce) return reused;
  const successor = successorOf(token, row.nonce);
  const [unused] = await tx.$queryRaw<object[]>`
    SELECT 1 FROM refresh_tokens WHERE hash = ${hashOf(successor)} AND used_at IS NULL`;
  return unused ? { kind: 'rotated', state: stateOf(row, successor) } : reused;
}

const longestDays = ({ role }: TokenRow): number => LONGEST_DAYS[standingOf(role)?.role ?? 'customer'];

const stateOf = (row: TokenRow, refreshToken: string): SessionState => ({
  sessionId: row.session_id,
  customerId: row.customer_id,
  ...(standingOf(row.role) ?? { role: 'customer' }),
  displayName: row.display_name,
  refreshToken,
  provedAt: Math.floor((row.proved_at?.getTime() ?? 0) / 1000),
  deviceId: row.device_id,
});
