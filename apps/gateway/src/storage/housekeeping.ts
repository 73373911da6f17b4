import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { LOGGER, type Logger } from '@stoa/service';
import { GatewayDatabase } from './gateway-database.js';

const HOUR_MS = 3_600_000;

/** Deletes what has expired, once an hour: sessions a week after their end, revocations at once. The audit trail stays. */
@Injectable()
export class Housekeeping implements OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: GatewayDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The first time within the hour, at a moment of this clone's own: not all clones at once. */
  start(): void {
    const tick = async (): Promise<void> => {
      await this.clean().catch((error: unknown) => this.logger.warn({ err: error }, 'cannot delete what has expired'));
      this.timer = setTimeout(() => void tick(), HOUR_MS).unref();
    };
    this.timer = setTimeout(() => void tick(), Math.random() * HOUR_MS).unref();
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
  }

  /** In small bites: a statement must not hold its locks for long. */
  async clean(): Promise<void> {
    const prisma = await this.database.prisma();
    for (let deleted = 1; deleted > 0;) {
      deleted = await prisma.$executeRaw`
        DELETE FROM sessions WHERE id IN (
          SELECT id FROM sessions WHERE expires_at < now() - interval '7 days' ORDER BY expires_at LIMIT 500)`;
    }
    await prisma.$executeRaw`
      DELETE FROM refresh_tokens WHERE hash IN (
        SELECT hash FROM refresh_tokens WHERE used_at < now() - interval '1 day' LIMIT 5000)`;
    await prisma.$executeRaw`DELETE FROM revocations WHERE expires_at < now()`;
    // Longer than any sign-in takes that began while the customer was still there.
    await prisma.$executeRaw`DELETE FROM ended_customers WHERE ended_at < now() - interval '1 day'`;
  }
}
