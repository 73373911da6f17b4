import * as fc from 'fast-check';
import { largeProduct, productInput, variantInput } from '../../test/inputs.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import { htmlLibrary } from '../html/library.js';
import * as html from './html.js';
import { contentHash, faultsOf, normalise as normaliseWith, type Content } from './product.js';
import { generatedSku } from './sku.js';
import { slug } from './text.js';
import { changedStates } from './variant-state.js';
import { Sku } from '@stoa/contract-kit';
import { z } from 'zod';

const sanitise = (text: string): string => html.sanitise(text, htmlLibrary);
const normalise = (content: Content): Content => normaliseWith(content, htmlLibrary);

describe('HTML', () => {
  it.each([
    ['plain text, 5 % off', 'plain text, 5 % off'],
    ['<p style="position:fixed" class="x" id="y">a</p>', '<p>a</p>'],
    ['<script>alert(1)</script>b', 'b'],
    ['<img src="x.png" onerror="alert(1)">', '<img src="x.png" />'],
    ['<img src="data:text/html,x">', '<img />'],
    ['<a href="javascript:alert(1)">a</a>', '<a>a</a>'],
    ['<a href="  java\nscript:alert(1)">a</a>', '<a>a</a>'],
    ['<a href="https://example.com" target="_blank">a</a>', '<a href="https://example.com">a</a>'],
    ['<iframe src="https://evil.example"></iframe>c', 'c'],
    ['<style>p{}</style><svg onload=alert(1)></svg>d', 'd'],
    ['<p>unclosed', '<p>unclosed</p>'],
    ['1 < 2 & 3', '1 &lt; 2 &amp; 3'],
  ])('%p becomes %p', (text, clean) => {
    expect(sanitise(text)).toBe(clean);
  });

  it('that is clean stays as it is: an import of an export changes nothing', () => {
    const piece = fc.constantFrom(
      '<p>',
      '</p>',
      '<b',
      '>',
      '<',
      '&',
      '&amp;',
      '"',
      "'",
      'x',
      ' ',
      '<script>',
      '</script>',
      '<!--',
      '-->',
      '<br>',
      '<td colspan="2">',
      'href=',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const once = sanitise(pieces.join(''));
        expect(sanitise(once)).toBe(once);
        expect(once).not.toMatch(/<script/i);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a slug', () => {
  it.each([
    ['Home & Garden', 'home-garden'],
    ['  Élan!  ', 'elan'],
    ['Größe XL', 'große-xl'],
    ['カテゴリー', 'カテゴリー'],
    ['---', ''],
  ])('of %p is %p', (name, handle) => {
    expect(slug(name)).toBe(handle);
  });
});

describe('a generated SKU', () => {
  it('is made of handle and options, always the same', () => {
    expect(generatedSku('shirt', [])).toBe('shirt');
    expect(generatedSku('shirt', ['Dark Blue', 'XL'])).toBe('shirt.dark-blue.xl');
    expect(generatedSku('shirt', ['S/M'])).toMatch(/^shirt\.s-m~[0-9a-f]{8}$/);
    expect(generatedSku('shirt', ['S/M'])).toBe(generatedSku('shirt', ['S/M']));
  });

  it('keeps apart what a slug does not', () => {
    expect(generatedSku('shirt', ['S/M'])).not.toBe(generatedSku('shirt', ['S.M']));
    expect(generatedSku('shirt', ['a', 'b'])).not.toBe(generatedSku('shirt', ['a-b']));
    expect(generatedSku('shirt-blue', [])).not.toBe(generatedSku('shirt', ['blue']));
  });

  it('is a SKU whatever it is made of', () => {
    const handle = fc.stringMatching(/^[a-z0-9]{1,80}(-[a-z0-9]{1,80}){0,2}$/);
    fc.assert(
      fc.property(
        handle,
        fc.array(fc.string({ minLength: 1, maxLength: 120, unit: 'grapheme' }), { maxLength: 3 }),
        (name, options) => {
          expect(Sku.safeParse(generatedSku(name, options)).success).toBe(true);
        },
      ),
    );
  });
});

describe('a product', () => {
  it('has one normal form', () => {
    const loose = productInput('a', {
      description: ' <p onclick="x">a</p> ',
      vendor: ' V ',
      tags: ['x', 'x'],
      optionNames: ['Title'],
      variants: [variantInput('s', { options: ['Default Title'], barcode: '' })],
      images: [{ url: '/a.svg', alt: '' }],
      seo: { title: ' ', description: '' },
    });
    const normal = normalise(loose);
    expect(normal).toEqual(
      productInput('a', {
        description: '<p>a</p>',
        vendor: 'V',
        tags: ['x'],
        variants: [variantInput('s')],
        images: [{ url: '/a.svg', alt: null }],
      }),
    );
    expect(contentHash(normalise(normal))).toEqual(contentHash(normal));
    expect(contentHash(normalise({ ...loose, title: 'Other' }))).not.toEqual(contentHash(normal));
  });

  it.each([
    [{ category: '!!!' }, '/category'],
    [{ tags: ['a', 'b,c'] }, '/tags/1'],
    [{ images: [{ url: 'javascript:alert(1)', alt: null }] }, '/images/0/url'],
    [{ images: [{ url: '//evil.example/x.png', alt: null }] }, '/images/0/url'],
    [{ title: 'a\0' }, '/title'],
    [{ optionNames: ['Size'] }, '/variants/0/options'],
    [{ variants: [variantInput('a', { options: ['x'] })] }, '/variants/0/options'],
    [{ optionNames: ['Size'], variants: [variantInput('a', { options: [' '] })] }, '/variants/0/options'],
    [{ variants: [variantInput('a'), variantInput('b')] }, '/variants/1/options'],
    [{ variants: [variantInput('a', { price: { amount: 1, currency: 'ZZQ' } })] }, '/variants/0/price'],
    [
      { variants: [variantInput('a', { compareAtPrice: { amount: 1, currency: 'EUR' } })] },
      '/variants/0/compareAtPrice',
    ],
    [{ variants: [variantInput('a', { imageUrl: 'x' })] }, '/variants/0/imageUrl'],
    [{ description: `<p>${'&'.repeat(99_000)}</p>` }, '/description'],
  ])('is refused with %j', (changes, pointer) => {
    expect(faultsOf(normalise(productInput('a', changes))).map((fault) => fault.pointer)).toEqual([pointer]);
  });

  it('is too large although each of its parts is not', () => {
    expect(faultsOf(largeProduct('large', 2_000))).toEqual([]);
    const faults = faultsOf(largeProduct('large', 2_000, 1_900));
    expect(faults).toEqual([
      { pointer: '/variants', detail: expect.stringMatching(/takes 4\.\d MiB, of 4\.0 at the most/) },
    ]);
  });

  it('is fine as it should be', () => {
    expect(
      faultsOf(
        normalise(
          productInput('a', { category: '日本', images: [{ url: 'data:image/svg+xml,%3csvg/%3e', alt: null }] }),
        ),
      ),
    ).toEqual([]);
  });
});

describe('the states of variants', () => {
  const both = productInput('p', {
    title: 'P',
    optionNames: ['Size'],
    variants: [
      variantInput('s', { options: ['S'], title: 'S' }),
      variantInput('m', { options: ['M'], title: 'M', stock: 0 }),
    ],
  });

  it('change where something changed that others see', () => {
    expect([...changedStates(null, both).keys()]).toEqual(['s', 'm']);
    expect(changedStates(null, both).get('m')).toMatchObject({ title: 'P – M', available: false });
    expect(changedStates(both, both).size).toBe(0);
    expect(changedStates(both, { ...both, vendor: 'x', description: 'y' }).size).toBe(0);
    expect([...changedStates(both, { ...both, title: 'Q' }).keys()]).toEqual(['s', 'm']);
    expect([...changedStates(both, { ...both, active: false })]).toEqual([
      ['s', null],
      ['m', null],
    ]);
    expect([...changedStates({ ...both, active: false }, null)]).toEqual([]);
  });
});

describe('a cursor', () => {
  const place = z.tuple([z.int(), z.string()]);

  it('holds its place for its own list only', () => {
    const cursor = encodeCursor(['list', { q: 'a' }], [5, 'x']);
    expect(decodeCursor(['list', { q: 'a' }], cursor, place)).toEqual([5, 'x']);
    expect(decodeCursor(['list', { q: 'b' }], cursor, place)).toBeNull();
    expect(cursor).toMatch(/^[\w-]+$/);
  });

  it('is refused when it is damaged, cut, or made up', () => {
    const cursor = encodeCursor('q', [5, 'x']);
    for (let at = 0; at < cursor.length; at++) {
      const other = cursor[at] === 'A' ? 'B' : 'A';
      expect(decodeCursor('q', cursor.slice(0, at) + other + cursor.slice(at + 1), place)).toBeNull();
    }
    expect(decodeCursor('q', '', place)).toBeNull();
    expect(decodeCursor('q', encodeCursor('q', ['five', 'x']), place)).toBeNull();
  });
});
