import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { LOGGER, metrics, type Logger } from '@stoa/service';
import { repeatedly } from '../background/repeatedly.js';
import { problem } from '../http/problem.js';
import { GatewayDatabase } from '../storage/gateway-database.js';
import type { Identity } from './identity.js';
import { ACCESS_TOKEN_SECONDS } from './key-schedule.js';

/**
 * Read each second, so that with the read itself every clone that reaches the database knows a revocation within 2 s.
 */
const POLL_MS = 1_000;
/** A request whose token can't be trusted yet waits so many milliseconds for a read of its own. */
const WAIT_MS = 1_000;

type SignedIn = Exclude<Identity['kind'], 'guest'>;

/**
 * How old this clone's knowledge of revocations may be for a token to be trusted, in milliseconds. An operator's token
 * can change the shop, so the promise of 2 s holds for it without exception. A customer's is about one customer's own
 * data: it is trusted without the database until it expires, or the whole shop would be signed out by that one server's
 * outage.
 */
export const TRUSTED_FOR_MS: Readonly<Record<SignedIn, number>> = {
  operator: 2_000,
  customer: ACCESS_TOKEN_SECONDS * 1_000,
};

/** Where the last read ended. */
interface Watermark {
  /** When the server was started: another start may be another server, whose transactions count anew. */
  readonly server: string;
  /** Transactions below it were finished at the read: their revocations were seen. */
  readonly xmin: string;
}

interface Row {
  readonly server: string;
  readonly xmin: string;
  readonly session_id: string | null;
  readonly expires_at: Date | null;
}

const FROM_THE_BEGINNING: Watermark = { server: '', xmin: '0' };

const age = metrics.gauge({
  name: 'stoa_gateway_revocations_age_seconds',
  help: 'How long ago revocations were last read: above 2, operators are refused',
});

/**
 * Revocations knows the sessions whose access tokens are refused, though they haven't expired yet. Each read goes on
 * where the last successful one ended, by the database's own order of transactions: no revocation is missed, however
 * long the database was unreachable.
 */
@Injectable()
export class Revocations implements OnApplicationShutdown {
  /** Session id → when its last access token has expired, in ms since the epoch. */
  private readonly revoked = new Map<string, number>();
  private readonly stopping = new AbortController();
  private failing = false;
  private reading: Promise<void> | undefined;
  private watermark = FROM_THE_BEGINNING;
  /** Revocations before this moment, by performance.now(), are known. */
  private knownUntil = -Infinity;

  constructor(
    private readonly database: GatewayDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Reads all that have not expired, then the new ones each second. */
  start(): void {
    const work = async (): Promise<number> => {
      const started = performance.now();
      await this.refresh();
      age.set((performance.now() - this.knownUntil) / 1_000);
      return Math.max(100, POLL_MS - (performance.now() - started));
    };
    void repeatedly({ work, signal: this.stopping.signal });
  }

  onApplicationShutdown(): void {
    this.stopping.abort();
  }

  isRevoked(sessionId: string): boolean {
    return this.revoked.has(sessionId);
  }

  /** Known here at once; the other clones read it. */
  add(sessionId: string, expiresAt: Date): void {
    this.revoked.set(sessionId, expiresAt.getTime());
  }

  /** Whether enough is known to trust a token of that kind. */
  suffices(kind: SignedIn): boolean {
    return performance.now() - this.knownUntil <= TRUSTED_FOR_MS[kind];
  }

  /**
   * Reads on at once, for a request that came after this clone was frozen, or while the database is unreachable.
   * @throws HttpProblem 503 when the revocations can't be read now
   */
  async catchUp(kind: SignedIn): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => (timer = setTimeout(resolve, WAIT_MS)));
    await Promise.race([this.refreshFor(kind), waited]);
    clearTimeout(timer);
    if (!this.suffices(kind))
      throw problem('UNAVAILABLE', 'Whether the session was ended cannot be known at the moment; try again');
  }

  /** A read in flight may have begun before this clone was frozen: then it isn't enough, and the next one is. */
  private async refreshFor(kind: SignedIn): Promise<void> {
    await this.refresh();
    if (!this.failing && !this.suffices(kind)) await this.refresh();
  }

  /** Reads on; calls at the same time share one read. Never throws. */
  private refresh(): Promise<void> {
    return (this.reading ??= this.read()
      .then(
        () => void (this.failing = false),
        (error: unknown) => this.logFailure(error),
      )
      .finally(() => (this.reading = undefined)));
  }

  /** Once per outage, not each second. */
  private logFailure(error: unknown): void {
    if (!this.failing)
      this.logger.warn({ err: error }, 'revocations cannot be read: operators are refused until they can');
    this.failing = true;
  }

  private async read(): Promise<void> {
    const started = performance.now();
    const before = this.watermark;
    const read = await this.readFrom(before);
    const isOther = read.server !== before.server && before !== FROM_THE_BEGINNING;
    this.watermark = isOther ? await this.readFrom(FROM_THE_BEGINNING) : read;
    this.knownUntil = started;
    const now = Date.now();
    for (const [sessionId, expires] of this.revoked) if (expires < now) this.revoked.delete(sessionId);
  }

  /** The rows and where they end are of one statement, so of one snapshot. */
  private async readFrom({ xmin }: Watermark): Promise<Watermark> {
    const prisma = await this.database.prisma();
    const rows = await prisma.$queryRaw<Row[]>`
      SELECT pg_postmaster_start_time()::text AS server, pg_snapshot_xmin(pg_current_snapshot())::text AS xmin,
             r.session_id::text, r.expires_at
      FROM (VALUES (1)) AS one LEFT JOIN revocations r ON r.xid >= ${xmin}::text::bigint AND r.expires_at > now()`;
    for (const { session_id, expires_at } of rows)
      if (session_id !== null && expires_at !== null) this.revoked.set(session_id, expires_at.getTime());
    const [{ server, xmin: next } = FROM_THE_BEGINNING] = rows;
    return { server, xmin: next };
  }
}
