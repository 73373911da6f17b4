import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Logger, LOGGER } from '@stoa/service';
import { connectionShare, isTransient } from '@stoa/postgres';
import type { GatewayConfig } from '../config.js';
import { problem } from '../http/problem.js';
import type { PrismaClient } from '../generated/prisma/client.js';

/** The client of one of Prisma's interactive transactions. */
export type Transaction = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0];

/** Milliseconds that any statement may take: a database that hangs must not stop the shop. */
const STATEMENT_TIMEOUT_MS = 3_000;

const MOST_CONNECTIONS = 5;

/**
 * The gateway's own Postgres, by Prisma, which is loaded at the first use: its query compiler takes 28 MB (measured).
 */
@Injectable()
export class GatewayDatabase implements OnApplicationShutdown {
  private opened: Promise<PrismaClient> | undefined;

  constructor(
    @Inject(CONFIG)
    private readonly config: Pick<GatewayConfig, 'GATEWAY_DATABASE_URL'> &
      Partial<Pick<GatewayConfig, 'STOA_DATABASE_CONNECTIONS'>>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  prisma(): Promise<PrismaClient> {
    return (this.opened ??= this.open());
  }

  /** @throws the error of `work`, after a rollback; HttpProblem 503 while the database can't be reached */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const prisma = await this.prisma();
    try {
      return await prisma.$transaction(work, { timeout: STATEMENT_TIMEOUT_MS, maxWait: STATEMENT_TIMEOUT_MS });
    } catch (error) {
      if (!isTransient(error)) throw error;
      this.logger.error({ err: error }, "the gateway's database cannot be reached");
      throw problem('UNAVAILABLE', "The gateway's database cannot be reached; try again");
    }
  }

  async onApplicationShutdown(): Promise<void> {
    const prisma = await this.opened;
    await prisma?.$disconnect();
  }

  private async open(): Promise<PrismaClient> {
    const [{ PrismaClient: Client }, { PrismaPg }] = await Promise.all([
      import('../generated/prisma/client.js'),
      import('@prisma/adapter-pg'),
    ]);
    const adapter = new PrismaPg({
      connectionString: this.config.GATEWAY_DATABASE_URL,
      max: connectionShare(this.config.STOA_DATABASE_CONNECTIONS, 1, MOST_CONNECTIONS),
      connectionTimeoutMillis: 2_000,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS + 500,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      application_name: 'stoa-gateway',
    });
    return new Client({ adapter });
  }
}
