import { catalog, type ProductInput } from '@stoa/catalog-contract';
import { parse } from 'csv-parse/sync';
import { readFile } from 'node:fs/promises';
import { productInput, variantInput } from '../../test/inputs.js';
import { Shop } from '../../test/shop.js';
import { encodeCursor } from '../domain/cursor.js';
import { ChangeProduct } from './change-product.js';
import { CreateProduct } from './create-product.js';

let shop: Shop;
beforeEach(async () => {
  shop = await Shop.open();
});
afterEach(() => shop.close());

const FORMATS = ['ndjson', 'shopify'] as const;
const KWD = (amount: number) => ({ amount, currency: 'KWD' });

/** Everything that could get lost on the way. */
const NASTY: ProductInput[] = [
  productInput('plain'),
  productInput('texts', {
    title: 'Quotes "and", commas\nand lines — ünïcode 😀',
    description: '<p>One &amp; two</p>\r\n<ul><li>"x"</li></ul>\n,',
    vendor: "O'Hara, Ltd.",
    category: 'Home, sweet "Home"',
    tags: ['a b', "it's", '"q"'],
    seo: { title: '', description: 'Only this' },
    images: [
      { url: 'https://example.com/a,b.png?x="1"', alt: 'One, two' },
      { url: '/pictures/b.svg', alt: null },
      { url: '/pictures/b.svg', alt: 'Again' },
    ],
  }),
  productInput('variants', {
    active: false,
    optionNames: ['Size', 'Color', 'Fit, or so'],
    variants: [
      variantInput("'0001", {
        title: 'S / Red / x',
        options: ['S', 'Red', 'x'],
        price: KWD(1001),
        compareAtPrice: KWD(1),
        barcode: "'5",
      }),
      variantInput('with space', {
        title: 'Its own',
        options: ['S', 'Blue', 'x'],
        price: KWD(0),
        stock: -3,
        whenOutOfStock: 'continue',
      }),
      variantInput('c', {
        title: 'M / Red / x',
        options: ['M', 'Red', 'x'],
        price: KWD(5),
        taxable: false,
        requiresShipping: false,
        grams: 7,
        imageUrl: '/v.svg',
      }),
    ],
  }),
  productInput('title-option', {
    optionNames: ['Title'],
    variants: [
      variantInput('t1', { options: ['Default Title'] }),
      variantInput('t2', { options: ['Other'], title: 'Other' }),
    ],
  }),
  productInput('formulas', {
    title: '=HYPERLINK("http://evil.test","x")',
    vendor: '@SUM(1)',
    tags: ['-1+1', "'=1"],
    seo: { title: '+1', description: "''=1" },
    optionNames: ["'Twas"],
    images: [{ url: '/a.svg', alt: '＝1' }],
    variants: [variantInput('-5', { options: ['-1'], title: "'Tis", barcode: "'-7" })],
  }),
  productInput('named-variant', { variants: [variantInput('nv', { title: 'A name of its own' })] }),
];

describe.each(FORMATS)('an export as %s', (format) => {
  it('imported into an empty shop gives the same catalog, and the same file again', async () => {
    for (const product of NASTY) await shop.command(catalog.createProduct, CreateProduct, product);
    await shop.import(await readFile('apps/catalog/test/fixtures/home-and-garden.csv'), { currency: 'EUR' });
    await shop.import(await readFile('apps/catalog/sample/catalog.ndjson'), { format: 'ndjson' });
    const exported = await shop.export(format);
    const other = await Shop.open();
    try {
      const { job, problems } = await other.import(exported.text, { format });
      expect(problems).toEqual([]);
      expect(job).toMatchObject({ productsCreated: NASTY.length + 20 + 68, rowsRefused: 0 });
      expect((await other.export(format)).text).toBe(exported.text);
      expect((await other.export('ndjson')).text).toBe((await shop.export('ndjson')).text);
      const again = await other.import(exported.text, { format });
      expect(again.job).toMatchObject({ productsUnchanged: NASTY.length + 20 + 68, productsChanged: 0 });
    } finally {
      await other.close();
    }
  });

  it('comes in parts of at most 256 KiB, also where one product is larger', async () => {
    const filler = '😀'.repeat(20_000);
    const description = (n: number): string => `${n} ${filler}`;
    const many = Array.from({ length: 700 }, (_, n) =>
      variantInput(`many-${n}`, { options: [`${n}`], title: `Number ${n}` }),
    );
    await shop.command(
      catalog.createProduct,
      CreateProduct,
      productInput('a-many', { optionNames: ['N'], variants: many, description: description(0) }),
    );
    for (let n = 1; n < 8; n++) {
      await shop.command(catalog.createProduct, CreateProduct, productInput(`p${n}`, { description: description(n) }));
    }
    const { text, parts } = await shop.export(format);
    expect(Math.max(...parts.map((part) => Buffer.byteLength(part)))).toBeLessThanOrEqual(256 * 1024);
    expect(parts.length).toBeGreaterThan(4);
    const other = await Shop.open();
    try {
      expect((await other.import(text, { format })).problems).toEqual([]);
      expect((await other.export(format)).text).toBe(text);
    } finally {
      await other.close();
    }
  });

  it('of an empty catalog is an empty file of its format', async () => {
    const { text, parts } = await shop.export(format);
    expect(parts).toHaveLength(1);
    expect(text.split('\n').length).toBe(format === 'shopify' ? 2 : 1);
  });
});

describe('an export', () => {
  it('as CSV is what csv-parse reads, with as many cells in each row as in the header', async () => {
    for (const product of NASTY) await shop.command(catalog.createProduct, CreateProduct, product);
    const rows = parse((await shop.export('shopify')).text) as string[][];
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
    expect(rows).toHaveLength(1 + 1 + 3 + 3 + 2 + 1 + 1);
    expect(rows.find(([handle]) => handle === 'texts')?.[1]).toBe('Quotes "and", commas\nand lines — ünïcode 😀');
  });

  it('refuses cursors that are damaged or forged, of another format, or of a product that has changed since', async () => {
    const large = productInput('large', { description: 'x'.repeat(95_000) });
    await shop.command(catalog.createProduct, CreateProduct, large);
    const next = await shop.exportPart('ndjson');
    if (next === null) throw new Error('the product was not cut');
    await expect(shop.exportPart('ndjson', 'nonsense')).rejects.toMatchObject({ code: 'BAD_CURSOR' });
    const forged = encodeCursor(['export', 'ndjson'], ['a\0', 0, 0]);
    await expect(shop.exportPart('ndjson', forged)).rejects.toMatchObject({ code: 'BAD_CURSOR' });
    await expect(shop.exportPart('shopify', next)).rejects.toMatchObject({ code: 'BAD_CURSOR' });
    await shop.command(catalog.changeProduct, ChangeProduct, { handle: 'large', title: 'Changed' });
    await expect(shop.exportPart('ndjson', next)).rejects.toMatchObject({ code: 'BAD_CURSOR' });
  });
});
