import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { LOGGER, type Logger } from '@stoa/service';
import { GatewayDatabase } from '../storage/gateway-database.js';

/**
 * Read each second, so that with the read itself every clone knows a revocation within 2 s. The bound holds while the
 * clone reaches the database; without it, tokens are taken until they expire, ten minutes at most.
 */
const POLL_MS = 1_000;
/** Rows become visible at their commit, which is after the time that they carry: each read looks this far back. */
const OVERLAP_SECONDS = 30;

/** Sessions whose access tokens are refused, though they haven't expired yet. */
@Injectable()
export class Revocations implements OnApplicationShutdown {
  /** Session id → when its last access token has expired, in ms since the epoch. */
  private readonly revoked = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private complete = false;
  private failing = false;

  constructor(
    private readonly database: GatewayDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Reads all that matter now, then the new ones each second. */
  start(): void {
    const tick = async (): Promise<void> => {
      const started = performance.now();
      await this.read().then(
        () => (this.failing = false),
        (error: unknown) => this.complain(error),
      );
      if (this.stopped) return;
      const wait = Math.max(100, POLL_MS - (performance.now() - started));
      this.timer = setTimeout(() => void tick(), wait).unref();
    };
    void tick();
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  isRevoked(sessionId: string): boolean {
    return this.revoked.has(sessionId);
  }

  /** Known here at once; the other clones read it. */
  add(sessionId: string, expiresAt: Date): void {
    this.revoked.set(sessionId, expiresAt.getTime());
  }

  /** Once per outage, not each second. */
  private complain(error: unknown): void {
    if (!this.failing)
      this.logger.warn({ err: error }, 'revocations cannot be read: tokens of ended sessions may pass');
    this.failing = true;
  }

  private async read(): Promise<void> {
    const prisma = await this.database.prisma();
    const seconds = this.complete ? OVERLAP_SECONDS : 86_400;
    const rows = await prisma.$queryRaw<{ session_id: string; expires_at: Date }[]>`
      SELECT session_id::text, expires_at FROM revocations
      WHERE revoked_at > now() - make_interval(secs => ${seconds}::float8) AND expires_at > now()`;
    for (const { session_id, expires_at } of rows) this.revoked.set(session_id, expires_at.getTime());
    this.complete = true;
    const now = Date.now();
    for (const [sessionId, expires] of this.revoked) if (expires < now) this.revoked.delete(sessionId);
  }
}
