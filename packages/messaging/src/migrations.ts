import { fileURLToPath } from 'node:url';

/**
 * The folder of this package's own migrations, in Prisma's layout. A service applies them before its own (see `migrate`
 * of `@stoa/postgres`): inbox, outbox and the like live in the service's database, because a command's effect, its
 * reply and its events are one transaction.
 */
export const messagingMigrations = fileURLToPath(new URL('../migrations', import.meta.url));
