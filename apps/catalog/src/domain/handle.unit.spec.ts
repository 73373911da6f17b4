import { Handle } from '@stoa/contract-kit';
import * as fc from 'fast-check';
import { readHandle } from './handle.js';

describe('readHandle', () => {
  it.each([
    ['Ocean-Blue', 'ocean-blue'],
    [' mug ', 'mug'],
    ['snack_pack-1', 'snack_pack-1'],
    ['日本-茶', '日本-茶'],
    ['무료', '무료'],
    ['cafe\u0301', 'café'],
    ['CAFE\u0301-CRE\u0300ME', 'café-crème'],
    ['\u1112\u1161\u11ab', '한'],
  ])('takes %j as %j', (text, handle) => {
    expect(readHandle(text)).toEqual({ handle });
  });

  it.each([
    ['', 'is empty'],
    ['   ', 'is empty'],
    ['two words', 'it holds " " (U+0020)'],
    ['®-cashews', 'it holds "®" (U+00AE)'],
    ['เสื้อ', 'it holds the combining mark U+0E37'],
    ['कपड़ा', 'it holds the combining mark U+093C'],
    ['コーヒー', 'it holds "ー" (U+30FC)'],
    ['x\u0331', 'it holds the combining mark U+0331'],
    ['-mug', 'must be lower case letters, digits and dashes, not "-mug"'],
  ])('refuses %j', (text, reason) => {
    expect(readHandle(text)).toEqual({ reason: expect.stringContaining(reason) });
  });

  it('gives what the contract takes and what it leaves as it is, or a reason', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
        const read = readHandle(text);
        if ('reason' in read) return expect(read.reason).not.toBe('');
        expect(Handle.safeParse(read.handle).success).toBe(true);
        expect(readHandle(read.handle)).toEqual(read);
      }),
    );
  });
});
