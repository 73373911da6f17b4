import { OperationError } from '@stoa/contract-kit';
import { trace } from './trace.js';

/** Counts requests by the database server that they wait for, so that one server's can't take all slots of a clone. */
export const serverShare = {
  /** @throws OperationError UNAVAILABLE when requests that wait for the server hold their share already */
  use(server: string): void {
    const use = trace.current()?.useServer;
    if (!use || use(server)) return;
    throw new OperationError('UNAVAILABLE', 'Too many requests wait for the same data', { retryAfterSeconds: 1 });
  },
};
