import { connectionShare } from './connection-share.js';

describe('the share of a pool', () => {
  it('is what the pools have together, divided', () => {
    expect(connectionShare(20, 4)).toBe(5);
    expect(connectionShare(20, 3)).toBe(6);
  });

  it('is never more than a pool can use', () => {
    expect(connectionShare(40, 2)).toBe(10);
    expect(connectionShare(40, 1, 5)).toBe(5);
    expect(connectionShare(undefined, 64)).toBe(10);
  });

  it('is never less than two, however many pools there are', () => {
    expect(connectionShare(40, 64)).toBe(2);
  });

  it.each([1, 2, 3, 7, 8, 19, 20])('keeps %i pools within the total as long as each can have two', (pools) => {
    expect(connectionShare(40, pools) * pools).toBeLessThanOrEqual(40);
  });
});
