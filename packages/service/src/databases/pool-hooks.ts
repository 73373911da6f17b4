import type { PoolHooks } from '@stoa/postgres';
import type { Logger } from '../logs/logger.js';
import { serverShare } from '../context/server-share.js';
import { spans, type Step } from '../tracing/spans.js';

const stepOf = (operation: string, server: string): Step => ({
  name: `${operation} ${server}`,
  kind: 'client',
  attributes: { 'db.system.name': 'postgresql', 'db.namespace': server, 'db.operation.name': operation },
});

/** A pool's part in the logs, traces and bulkheads of this process. */
export const poolHooks = (logger: Logger): PoolHooks => ({
  onIdleError: (err, server) => logger.warn({ err, server }, 'lost an idle connection'),
  onAvailability: (server, state, err) => {
    if (state === 'serves') logger.info({ server }, 'the database server takes work again');
    else logger.warn({ err, server, state }, 'work for a database server is refused until it can do it');
  },
  onAcquire: serverShare.use,
  around: (operation, server, work) => (spans.areOn ? spans.within(stepOf(operation, server), work) : work()),
});
