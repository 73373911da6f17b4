import { poolHooks } from '../databases/pool-hooks.js';
import type { DatabaseContext } from '../databases/databases.js';
import { createLogger } from '../logs/logger.js';

/** The context of a database that a test opens without a service; it logs nothing unless a level is given. */
export function databaseContext(clone: string, level = 'silent'): DatabaseContext {
  const logger = createLogger({ service: clone, clone, level });
  return { clone, logger, hooks: poolHooks(logger) };
}
