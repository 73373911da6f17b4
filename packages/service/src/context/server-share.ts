import { OperationError } from '@stoa/contract-kit';
import { trace } from './trace.js';

/** Which database server the work in progress waits for, so that one server's requests can't take all of a clone's slots. */
export const serverShare = {
  /** @throws OperationError UNAVAILABLE when requests that wait for the server hold their share already */
  use(server: string): void {
    const use = trace.current()?.useServer;
    if (!use || use(server)) return;
    throw new OperationError('UNAVAILABLE', 'Too many requests wait for the same data', { retryAfterSeconds: 1 });
  },
};
