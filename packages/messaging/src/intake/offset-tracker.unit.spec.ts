import * as fc from 'fast-check';
import { OffsetTracker } from './offset-tracker.js';

describe('OffsetTracker', () => {
  it('is at its start until something begins, and after the last when all is finished', () => {
    const tracker = new OffsetTracker(7);
    expect(tracker.committable).toBe(7);
    const first = tracker.begin(7);
    const second = tracker.begin(9); // 8 was a control record
    tracker.finish(second);
    expect(tracker.committable).toBe(7);
    expect(tracker.span).toBe(2);
    tracker.finish(first);
    expect(tracker.committable).toBe(10);
    expect(tracker.span).toBe(0);
  });

  it('never passes a message that is not finished, whatever the order', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 1_500 });
    fc.assert(
      fc.property(gaps, fc.infiniteStream(fc.nat()), fc.infiniteStream(fc.boolean()), (steps, picks, turns) => {
        const tracker = new OffsetTracker(0);
        const open: { offset: number; tracked: ReturnType<OffsetTracker['begin']> }[] = [];
        let last = -1;
        let committed = 0;
        const check = (): void => {
          const lowest = Math.min(...open.map((one) => one.offset), last + 1);
          expect(tracker.committable).toBe(lowest);
          expect(tracker.committable).toBeGreaterThanOrEqual(committed);
          committed = tracker.committable;
        };
        const finishOne = (): void => {
          const [one] = open.splice(picks.next().value % open.length, 1);
          if (one) tracker.finish(one.tracked);
          check();
        };
        for (const step of steps) {
          last += step;
          open.push({ offset: last, tracked: tracker.begin(last) });
          if (turns.next().value) finishOne();
        }
        while (open.length > 0) finishOne();
        expect(tracker.committable).toBe(last + 1);
      }),
      { numRuns: 40 },
    );
  });
});
