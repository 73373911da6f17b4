import { createRequire } from 'node:module';

/** A connection's queue of requests in kafkajs 2.2.4, as far as it is used here. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  /** In ms since the epoch; -1 if the broker never throttled. */
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

// Outside of an app's bundle, as all of kafkajs is: the bundle would have a copy.
const require = createRequire(import.meta.url);
const { prototype } = require('kafkajs/src/network/requestQueue/index.js') as { prototype: RequestQueue };
const schedule = prototype.scheduleCheckPendingRequests;

/**
 * Stops a timer that kafkajs 2.2.4 runs each millisecond on every idle connection. Its delay is a negative number, of
 * which Node 24 warns (TimeoutNegativeWarning, tulios/kafkajs#1751). With no pending request and no throttling there is
 * nothing to check, and a request that becomes pending schedules a check itself.
 */
export function stopIdleTimer(): void {
  prototype.scheduleCheckPendingRequests = function checkUnlessIdle(this: RequestQueue): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}
