import { createRequire } from 'node:module';
import { jest } from '@jest/globals';
import { stopIdleTimer } from './idle-timer.js';

const require = createRequire(import.meta.url);
const { prototype } = require('kafkajs/src/network/requestQueue/index.js') as {
  prototype: { scheduleCheckPendingRequests(): void };
};

/** Delays of the timers that a queue in this state starts. */
function delaysOf(state: { pending: unknown[]; throttledUntil: number }): unknown[] {
  const timers = jest.spyOn(globalThis, 'setTimeout').mockReturnValue(undefined as never);
  prototype.scheduleCheckPendingRequests.call({ ...state, scheduleCheckPendingRequests: () => undefined });
  const delays = timers.mock.calls.map(([_work, delay]) => delay);
  timers.mockRestore();
  return delays;
}

describe('the timer of an idle connection', () => {
  const idle = { pending: [], throttledUntil: -1 };

  it('has a negative delay in kafkajs: once it has not, stopIdleTimer can go', () => {
    expect(Number(delaysOf(idle)[0])).toBeLessThan(0);
  });

  it('is stopped; those for pending requests and after throttling stay', () => {
    stopIdleTimer();
    expect(delaysOf(idle)).toEqual([]);
    expect(delaysOf({ ...idle, pending: [{}] })).toEqual([10]);
    expect(delaysOf({ ...idle, throttledUntil: Date.now() + 60_000 })).toEqual([expect.any(Number)]);
  });
});
