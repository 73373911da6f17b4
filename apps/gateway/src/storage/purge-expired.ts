import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { LOGGER, type Logger } from '@stoa/service';
import { pause } from '@stoa/timing';
import { repeatedly } from '../background/repeatedly.js';
import { GatewayDatabase } from './gateway-database.js';

const HOUR_MS = 3_600_000;
/** Rows of one statement: it must not hold its locks for long. */
const BATCH = 1_000;

/**
 * Table → a statement that deletes a batch of its expired rows. Clones that purge at the same time skip each other's
 * rows. Refresh tokens go before sessions, whose deletion takes their tokens along.
 */
const EXPIRED: Readonly<Record<string, string>> = {
  refresh_tokens: `DELETE FROM refresh_tokens WHERE hash IN (SELECT hash FROM refresh_tokens
    WHERE used_at < now() - interval '1 day' ORDER BY used_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`,
  sessions: `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions
    WHERE expires_at < now() - interval '7 days' ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`,
  revocations: `DELETE FROM revocations WHERE session_id IN (SELECT session_id FROM revocations
    WHERE expires_at < now() ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`,
  // Longer than any sign-in takes that began while the customer was still there.
  ended_customers: `DELETE FROM ended_customers WHERE customer_id IN (SELECT customer_id FROM ended_customers
    WHERE ended_at < now() - interval '1 day' ORDER BY ended_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`,
  ended_sessions: `DELETE FROM ended_sessions WHERE customer_id IN (SELECT customer_id FROM ended_sessions
    WHERE ended_at < now() - interval '1 day' ORDER BY ended_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`,
  // Without a lock, which takes the right to change rows: clones that purge at once wait for each other.
  'audit.outcomes': `DELETE FROM audit.outcomes WHERE entry_id IN (SELECT entry_id FROM audit.outcomes
    WHERE at < now() - make_interval(days => (SELECT days FROM audit.retention)) ORDER BY at LIMIT ${BATCH})`,
  'audit.entries': `DELETE FROM audit.entries WHERE id IN (SELECT id FROM audit.entries
    WHERE at < now() - make_interval(days => (SELECT days FROM audit.retention)) ORDER BY at LIMIT ${BATCH})`,
};

/**
 * PurgeExpired deletes expired rows each hour: sessions a week after their end, revocations at once, the audit trail
 * once it is as old as its retention says.
 */
@Injectable()
export class PurgeExpired implements OnApplicationShutdown {
  private readonly stopping = new AbortController();

  constructor(
    private readonly database: GatewayDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The first time within the hour, at a moment of this clone's own: not all clones at once. */
  start(): void {
    const work = async (): Promise<number> => {
      const report = (error: unknown): void => this.logger.warn({ err: error }, 'expired rows cannot be deleted');
      await this.purgeAll().catch(report);
      return HOUR_MS;
    };
    void repeatedly({ work, signal: this.stopping.signal, firstMs: Math.random() * HOUR_MS });
  }

  onApplicationShutdown(): void {
    this.stopping.abort();
  }

  /**
   * Deletes until nothing is left: more rows may have expired than one batch has, however seldom this runs.
   * @throws the first failure, after all tables were tried
   */
  async purgeAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const statement of Object.values(EXPIRED))
      await this.purge(statement).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  private async purge(statement: string): Promise<void> {
    const prisma = await this.database.prisma();
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const started = performance.now();
      if ((await prisma.$executeRawUnsafe(statement)) < BATCH) return;
      // Half of the time is left to other statements.
      await pause(performance.now() - started, signal, false);
    }
  }
}
