import { dueKey, lastUse, retired, signerOf, timesByHand } from './key-schedule.js';

const HOUR = 3_600_000;
const at = (hours: number): Date => new Date(Date.UTC(2026, 0, 1) + hours * HOUR);
const key = (hours: number) => ({ activatesAt: at(hours), publishedUntil: at(hours + 1000) });

describe('the schedule of signing keys', () => {
  it('starts with a key that signs at once', () => {
    expect(dueKey([], at(0))?.activatesAt).toEqual(at(0));
  });

  it('makes the next one an hour before its day begins, not earlier', () => {
    expect(dueKey([key(0)], at(22.9))).toBeUndefined();
    expect(dueKey([key(0)], at(23))?.activatesAt).toEqual(at(24));
    expect(dueKey([key(0), key(24)], at(23.5))).toBeUndefined();
  });

  it('publishes one first that comes late, after all clones was still for days', () => {
    expect(dueKey([key(0)], at(100))?.activatesAt).toEqual(at(101));
  });

  it('signs with the newest active key', () => {
    expect(signerOf([key(0), key(24)], at(23))).toEqual(key(0));
    expect(signerOf([key(24), key(0)], at(24))).toEqual(key(24));
    expect(signerOf([key(1)], at(0))).toBeUndefined();
  });

  it('knows which have stopped signing: none before its successor is active', () => {
    expect(retired([key(0), key(24)], at(23.9))).toEqual([]);
    expect(retired([key(0), key(24), key(48)], at(24))).toEqual([key(0)]);
  });

  it('gives every clone time to learn of a key that is made by hand, unless it has to sign at once', () => {
    expect(timesByHand(at(0), false).activatesAt).toEqual(at(2 / 60));
    expect(timesByHand(at(0), true).activatesAt).toEqual(at(0));
  });

  it('keeps a key published until the longest-lived of its tokens has expired', () => {
    const { activatesAt, publishedUntil } = dueKey([], at(0))!;
    expect(publishedUntil.getTime()).toBeGreaterThanOrEqual(activatesAt.getTime() + (24 + 30 * 24) * HOUR);
    expect(lastUse(at(0)).getTime()).toBeGreaterThan(at(30 * 24).getTime());
  });
});
