import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/prisma/client.js';

export { Prisma, PrismaClient } from '../generated/prisma/client.js';

/** Connections of a clone's Prisma pool, at most. */
export const MOST_CONNECTIONS = 8;

/**
 * The client of all queries: they read one or two rows or a page, which Prisma does as cheaply as pg. What writes runs
 * on
 * @stoa/service's PgDatabase instead, because a transaction of Prisma's costs six times as much CPU (1.5 ms to 0.25
 *   ms). Every access is of one of these two kinds.
 */
export function openPrisma(url: string, applicationName: string, max: number = MOST_CONNECTIONS): PrismaClient {
  const adapter = new PrismaPg({
    connectionString: url,
    application_name: applicationName,
    max,
    connectionTimeoutMillis: 3_000,
    statement_timeout: 5_000,
    keepAlive: true,
  });
  return new PrismaClient({ adapter });
}
