import { sourceOf } from '../domain/lock-out.js';
import { UnknownNames } from './unknown-names.js';

describe('UnknownNames', () => {
  it('locks a source out after as many attempts as on an account, and no other source or name', () => {
    const [names, now] = [new UnknownNames(), new Date('2026-11-23T10:00:00Z')];
    const ask = (name: string, network: string) => names.lockedForSeconds(name, sourceOf(network, undefined), now);
    expect(Array.from({ length: 7 }, () => ask('nobody@example.com', '203.0.113.1'))).toEqual([0, 0, 0, 0, 0, 30, 30]);
    expect(ask('nobody@example.com', '203.0.113.2')).toBe(0);
    expect(ask('another@example.com', '203.0.113.1')).toBe(0);
  });
});
