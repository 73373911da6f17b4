import type { PoolHooks } from '@stoa/postgres';
import type { Logger } from '../logs/logger.js';
import { serverShare } from '../context/server-share.js';
import { spans, type Step } from '../tracing/spans.js';

const stepOf = (operation: string, server: string): Step => ({
  name: `${operation} ${server}`,
  kind: 'client',
  attributes: { 'db.system.name': 'postgresql', 'db.namespace': server, 'db.operation.name': operation },
});

/** Hooks that connect a pool to the log, the traces and the bulkheads of this process. */
export const poolHooks = (logger: Logger): PoolHooks => ({
  onIdleError: (err, server) => logger.warn({ err, server }, 'lost an idle connection'),
  onAvailability: (server, state, err) => {
    if (state === 'serves') logger.info({ server }, 'a database server takes work again');
    else logger.warn({ err, server, state }, 'a database server takes no work: it is refused until a probe succeeds');
  },
  onAcquire: serverShare.use,
  around: (operation, server, work) => (spans.areOn ? spans.within(stepOf(operation, server), work) : work()),
});
