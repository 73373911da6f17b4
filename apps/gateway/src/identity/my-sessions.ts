import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '@stoa/service';
import { GatewayDatabase } from '../storage/gateway-database.js';
import { Revocations } from './revocations.js';
import { lastAccessExpires, lockCustomer, Sessions } from './sessions.js';

/** A session as its owner sees it. */
export interface MySession {
  readonly id: string;
  readonly created_at: Date;
  readonly used_at: Date | null;
  readonly expires_at: Date;
  readonly address: string | null;
  readonly user_agent: string | null;
}

/** Somebody who is signed in, and the session of their token. */
interface SignedInCaller {
  readonly customerId: string;
  readonly sessionId: string;
}

/** MySessions shows a customer's sessions to them, and ends those that they want ended. */
@Injectable()
export class MySessions {
  constructor(
    private readonly database: GatewayDatabase,
    private readonly sessions: Sessions,
    private readonly revocations: Revocations,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The one used last first. */
  list(customerId: string): Promise<MySession[]> {
    return this.database.transaction(
      (tx) => tx.$queryRaw<MySession[]>`
        SELECT id::text, created_at, used_at, expires_at, address, user_agent FROM sessions
        WHERE customer_id = ${customerId}::uuid AND revoked_at IS NULL AND expires_at > now()
        ORDER BY coalesce(used_at, created_at) DESC, id DESC`,
    );
  }

  /** @returns false when the customer has no such session (any more) */
  async endOne(customerId: string, sessionId: string): Promise<boolean> {
    const own = await this.list(customerId);
    if (!own.some(({ id }) => id === sessionId)) return false;
    await this.sessions.revoke(sessionId, 'ended by its owner');
    return true;
  }

  /**
   * Ends and deletes all other sessions: their access tokens are refused within 2 s on all clones.
   * @param before those that began later stay
   */
  async endOthers({ customerId, sessionId }: SignedInCaller, before = new Date(Date.now() + 60_000)): Promise<void> {
    const expiresAt = lastAccessExpires();
    const ended = await this.database.transaction(async (tx) => {
      await lockCustomer(tx, customerId);
      return tx.$queryRaw<{ id: string }[]>`
        WITH ended AS (DELETE FROM sessions
            WHERE customer_id = ${customerId}::uuid AND id <> ${sessionId}::uuid AND created_at < ${before}
            RETURNING id),
          revoked AS (INSERT INTO revocations (session_id, expires_at) SELECT id, ${expiresAt} FROM ended ON CONFLICT DO NOTHING)
        SELECT id::text FROM ended`;
    });
    for (const { id } of ended) this.revocations.add(id, expiresAt);
  }

  /** Notes that the password was given just now. @returns that moment, in seconds since the epoch */
  async prove(sessionId: string): Promise<number> {
    const provedAt = Math.floor(Date.now() / 1000);
    await this.database.transaction(
      (tx) => tx.$executeRaw`
        UPDATE sessions SET proved_at = to_timestamp(${provedAt}::float8) WHERE id = ${sessionId}::uuid`,
    );
    return provedAt;
  }

  /**
   * Runs a command that changes what its caller signs in with, and ends their other sessions before they get the
   * response. If this process dies in between, the event of the command ends them, and finds the session to keep by the
   * command's id.
   */
  async keepingOnly<T>(caller: SignedInCaller, commandId: string, work: () => Promise<T>): Promise<T> {
    const before = await this.keep(caller.sessionId, commandId);
    const result = await work();
    await this.endOthers(caller, before).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'other sessions of a customer end once their event is read');
    });
    return result;
  }

  private async keep(sessionId: string, commandId: string): Promise<Date> {
    const [row] = await this.database.transaction(
      (tx) => tx.$queryRaw<{ now: Date }[]>`
        UPDATE sessions SET kept_command = ${commandId}::uuid WHERE id = ${sessionId}::uuid
        RETURNING clock_timestamp() AS now`,
    );
    return row?.now ?? new Date();
  }
}
