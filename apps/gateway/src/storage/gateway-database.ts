import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import type { PrismaClient } from '../generated/prisma/client.js';

/** What runs in one of Prisma's interactive transactions. */
export type Transaction = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0];

/** Milliseconds that any statement may take: a database that hangs must not hang the shop. */
const STATEMENT_TIMEOUT_MS = 3_000;

/** The gateway's own Postgres. Prisma is loaded at the first use: its query compiler takes 28 MB (measured). */
@Injectable()
export class GatewayDatabase implements OnApplicationShutdown {
  private opened: Promise<PrismaClient> | undefined;

  constructor(@Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'GATEWAY_DATABASE_URL'>) {}

  prisma(): Promise<PrismaClient> {
    return (this.opened ??= this.open());
  }

  /** @throws what `work` throws, after a rollback. */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const prisma = await this.prisma();
    return prisma.$transaction(work, { timeout: STATEMENT_TIMEOUT_MS, maxWait: STATEMENT_TIMEOUT_MS });
  }

  /** @throws when the database doesn't answer. */
  async ping(): Promise<void> {
    const prisma = await this.prisma();
    await prisma.$queryRaw`SELECT 1`;
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
      max: 5,
      connectionTimeoutMillis: 2_000,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS + 500,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      application_name: 'stoa-gateway',
    });
    return new Client({ adapter });
  }
}
