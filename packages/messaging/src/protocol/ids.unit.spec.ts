import * as fc from 'fast-check';
import { deriveId, newId, publishedId } from './ids.js';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('ids', () => {
  it('makes UUIDv7 that carry the time', () => {
    const before = Date.now();
    const id = newId();
    const after = Date.now();
    expect(id).toMatch(UUID_V7);
    const time = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(after);
    expect(newId()).not.toBe(id);
  });

  it('derives the same id from the same parent and parts, with the parent’s time, and another from others', () => {
    const parent = newId();
    const id = deriveId(parent, 'mint', '0');
    expect(id).toMatch(UUID_V7);
    expect(id.slice(0, 13)).toBe(parent.slice(0, 13));
    expect(deriveId(parent.toUpperCase(), 'mint', '0')).toBe(id);
    const others = [
      deriveId(parent, 'mint', '1'),
      deriveId(parent, 'mint0'),
      deriveId(parent, 'min', 't0'),
      deriveId(newId(), 'mint', '0'),
    ];
    expect(new Set([id, ...others]).size).toBe(5);
  });

  it('stays what it is: ids that were given out once must come out again', () => {
    expect(deriveId('018f4d2e-7b3a-7c10-8d5e-0123456789ab', 'mint', '0')).toBe('018f4d2e-7b3a-73db-b697-cf2b94d16b93');
    expect(publishedId('01920000-0000-7000-8000-000000000000', 0)).toBe('01920000-0000-7a48-8164-d9649a7a9d60');
  });

  it('keeps different parts apart', () => {
    const parent = newId();
    const parts = fc.array(fc.string(), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(deriveId(parent, ...a) === deriveId(parent, ...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });

  it('refuses a parent that is no UUID', () => {
    expect(() => deriveId('guest-1', 'x')).toThrow('not a UUID: guest-1');
  });
});
