import { htmlLibrary } from '../../html/library.js';
import { ShopifyFile } from './shopify-file.js';
import type { Entry } from './entry.js';
import { readCsvStart } from './file-start.js';
import { unknownColumns } from './shopify-columns.js';
import { Utf8Check } from './utf8-check.js';

/** The entries of a CSV, and what its header gives to remark. */
function read(text: string, currency = 'USD') {
  const bytes = Buffer.from(text);
  const start = readCsvStart(bytes, true);
  if (!start || 'failure' in start) throw new Error(start?.failure);
  const file = new ShopifyFile(start.end, start.header, { currency, library: htmlLibrary });
  const entries: Entry[] = [...file.read(bytes.subarray(start.end.offset), true)];
  return {
    notices: unknownColumns(start.header, start.line).map(({ column }) => column),
    products: entries.flatMap(({ product }) => (product ? [product.content] : [])),
    problems: entries.flatMap(({ problems }) =>
      problems.map(({ line, column, product, reason }) => [line, column, product, reason]),
    ),
    refused: entries.reduce((sum, { rowsRefused }) => sum + rowsRefused, 0),
  };
}

/** A CSV from objects: each row has the cells that it names. */
function csv(...rows: Record<string, string>[]): string {
  const columns = [...new Set(['Handle', 'Title', 'Variant Price', ...rows.flatMap((row) => Object.keys(row))])];
  const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  return [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ''))]
    .map((cells) => cells.map(cell).join(','))
    .join('\n');
}
const one = (row: Record<string, string>) => read(csv({ Handle: 'a', Title: 'A', 'Variant Price': '5', ...row }));

describe('rows of a product', () => {
  it('inherit from its first one what they leave empty', () => {
    const { products, problems } = read(
      csv(
        {
          Handle: 'tee',
          Title: 'Tee',
          'Body (HTML)': '<p>x</p>',
          Vendor: 'V',
          Tags: ' a, b ,,c',
          Type: 'Shirts',
          'Option1 Name': 'Size',
          'Option1 Value': 'S',
          'Option2 Name': 'Color',
          'Option2 Value': 'Red',
          'Variant Price': '10',
          'Variant Compare At Price': '12',
          'Variant Taxable': 'FALSE',
          'Variant Inventory Policy': 'continue',
          'Variant Grams': '200',
          'Variant SKU': 'T-S',
          'Variant Barcode': '123',
          'Variant Inventory Qty': '4',
        },
        { Handle: 'tee', 'Option1 Value': 'M' },
        { Handle: 'tee', 'Option1 Value': 'L', 'Option2 Value': 'Blue', 'Variant Price': '11' },
      ),
    );
    expect(problems).toEqual([]);
    expect(products[0]).toMatchObject({ category: 'Shirts', tags: ['a', 'b', 'c'], optionNames: ['Size', 'Color'] });
    expect(products[0]?.variants).toMatchObject([
      {
        sku: 'T-S',
        options: ['S', 'Red'],
        price: { amount: 1000 },
        compareAtPrice: { amount: 1200 },
        stock: 4,
        barcode: '123',
      },
      // Cells that count or name one variant are not inherited: stock, SKU, barcode.
      {
        sku: 'tee.m.red',
        options: ['M', 'Red'],
        price: { amount: 1000 },
        compareAtPrice: { amount: 1200 },
        stock: 0,
        barcode: null,
        taxable: false,
        grams: 200,
        whenOutOfStock: 'continue',
      },
      { sku: 'tee.l.blue', options: ['L', 'Blue'], price: { amount: 1100 }, compareAtPrice: null },
    ]);
  });

  it('add pictures, with a variant or without, in the order of their positions', () => {
    const picture = (n: string, position = '') => ({
      Handle: 'a',
      'Image Src': `https://x.test/${n}.png`,
      'Image Position': position,
    });
    const { products } = read(
      csv(
        {
          ...picture('2', '2'),
          Title: 'A',
          'Variant Price': '5',
          'Image Alt Text': 'Two',
          'Variant Image': 'https://x.test/v.png',
        },
        picture('1', '1'),
        picture('3'),
      ),
    );
    expect(products[0]?.images.map(({ url, alt }) => [url.at(-5), alt])).toEqual([
      ['1', null],
      ['2', 'Two'],
      ['3', null],
    ]);
    expect(products[0]?.variants).toMatchObject([{ imageUrl: 'https://x.test/v.png' }]);
  });

  it('say when a product is shown', () => {
    const active = (row: Record<string, string>) => one(row).products[0]?.active;
    expect([{}, { Published: 'TRUE' }, { Published: 'false' }].map(active)).toEqual([true, true, false]);
    expect(['active', 'draft', 'archived'].map((status) => active({ Status: status }))).toEqual([true, false, false]);
    expect(active({ Published: 'true', Status: 'draft' })).toBe(false);
  });

  it('sell without end what nobody counts', () => {
    const policy = (row: Record<string, string>) => one(row).products[0]?.variants[0]?.whenOutOfStock;
    expect(policy({ 'Variant Inventory Policy': 'deny' })).toBe('deny');
    expect(policy({ 'Variant Inventory Policy': 'deny', 'Variant Inventory Tracker': 'shopify' })).toBe('deny');
    expect(policy({ 'Variant Inventory Policy': 'deny', 'Variant Inventory Tracker': '' })).toBe('continue');
    expect(policy({ 'Variant Inventory Policy': 'continue', 'Variant Inventory Tracker': 'shopify' })).toBe('continue');
  });

  it('are read in the currency of the file, or of their own', () => {
    expect(
      read(csv({ Handle: 'a', Title: 'A', 'Variant Price': '500' }), 'JPY').products[0]?.variants[0]?.price,
    ).toEqual({ amount: 500, currency: 'JPY' });
    expect(one({ 'Variant Price Currency': 'KWD' }).products[0]?.variants[0]?.price).toEqual({
      amount: 5000,
      currency: 'KWD',
    });
  });

  it('take their category from the type, else from the end of the standard one', () => {
    const category = (row: Record<string, string>) => one(row).products[0]?.category;
    expect(category({ Type: 'Shirts', 'Product Category': 'Apparel > Tops' })).toBe('Shirts');
    expect(category({ 'Product Category': 'Apparel & Accessories > Clothing > Tops' })).toBe('Tops');
  });

  it('may have the column names of newer exports, in any case and order', () => {
    const { products, notices } = read(
      'sku,PRICE,Title,URL handle,Description,Charge tax,Cost per item,Color (product.metafields.shopify.color)\nX1,7,T,t,<b>d</b>,false,3,red\n',
    );
    expect(products).toMatchObject([
      { handle: 't', description: '<b>d</b>', variants: [{ sku: 'X1', price: { amount: 700 }, taxable: false }] },
    ]);
    expect(notices).toEqual([]);
  });

  it('keep weights in whole grams, and SKUs without the apostrophe of spreadsheets', () => {
    expect(one({ 'Variant Grams': '453.59237', 'Variant SKU': "'007" }).products[0]?.variants[0]).toMatchObject({
      grams: 454,
      sku: '007',
    });
  });

  it('have handles in lower case', () => {
    expect(one({ Handle: 'Ocean-Blue' }).products[0]?.handle).toBe('ocean-blue');
  });

  it('have one handle however its accents are written', () => {
    const rows = [
      { Handle: 'cafe\u0301', Title: 'A', 'Variant Price': '5', 'Option1 Name': 'N', 'Option1 Value': '1' },
      { Handle: 'caf\u00e9', 'Option1 Value': '2', 'Variant Price': '6' },
    ];
    expect(read(csv(...rows)).products).toMatchObject([{ handle: 'caf\u00e9', variants: [{}, {}] }]);
  });

  it('are refused for a handle with marks that no letter takes in, which are named', () => {
    const { products, problems } = one({ Handle: 'เสื้อ' });
    expect(products).toEqual([]);
    expect(problems).toEqual([[2, 'Handle', null, expect.stringContaining('the combining mark U+0E37')]]);
  });
});

describe('a row is refused', () => {
  it.each([
    [{ 'Variant Price': 'x' }, 'Variant Price'],
    [{ 'Variant Compare At Price': '-1' }, 'Variant Compare At Price'],
    [{ 'Variant Inventory Qty': '1.5' }, 'Variant Inventory Qty'],
    [{ 'Variant Inventory Qty': '9999999999' }, 'Variant Inventory Qty'],
    [{ 'Variant Grams': 'heavy' }, 'Variant Grams'],
    [{ 'Variant Taxable': 'perhaps' }, 'Variant Taxable'],
    [{ 'Variant Inventory Policy': 'sell' }, 'Variant Inventory Policy'],
    [{ 'Variant SKU': 'A/B' }, 'Variant SKU'],
    [{ 'Variant Price Currency': 'ZZQ' }, 'Variant Price Currency'],
    [{ 'Image Src': 'ftp://x.test/a.png' }, 'Image Src'],
    [{ 'Image Src': 'https://x.test/a.png', 'Image Position': 'first' }, 'Image Position'],
    [{ 'Image Src': `https://x.test/${'a'.repeat(2_000)}` }, 'Image Src'],
    [{ 'Image Src': 'https://x.test/a.png', 'Image Alt Text': 'a'.repeat(501) }, 'Image Alt Text'],
    [{ 'Option1 Value': 'Red' }, 'Option1 Value'],
    [{ 'Option1 Name': 'Color' }, 'Option1 Value'],
    [{ 'Variant Image': 'a.png' }, 'Variant Image'],
  ])('for %j', (row, column) => {
    const { products, problems, refused } = one(row);
    expect(products).toEqual([]);
    expect(problems[0]?.slice(0, 3)).toEqual([2, column, 'a']);
    expect(refused).toBe(1);
  });

  it.each([
    [{ Title: '' }, 'Title'],
    [{ Title: 'x'.repeat(256) }, 'Title'],
    [{ Status: 'sold' }, 'Status'],
    [{ Published: 'maybe' }, 'Published'],
    [{ Type: '!!!' }, 'Type'],
    [{ Title: 'a\0b' }, 'Title'],
  ])('with all of its product for %j', (row, column) => {
    const text = csv(
      { Handle: 'a', Title: 'A', 'Variant Price': '5', 'Option1 Name': 'N', 'Option1 Value': '1', ...row },
      { Handle: 'a', 'Option1 Value': '2' },
    );
    const { products, problems, refused } = read(text);
    expect([products, refused]).toEqual([[], 2]);
    expect(problems[0]?.slice(0, 3)).toEqual([2, column, 'a']);
    expect(problems[0]?.[3]).toContain('(its 1 other row is refused with it)');
  });

  it('alone, where others of its product are right', () => {
    const first = { Handle: 'a', Title: 'A', 'Variant Price': 'x', 'Option1 Name': 'N', 'Option1 Value': '1' };
    const { products, problems } = read(
      csv(first, { Handle: 'a', 'Option1 Value': '2', 'Variant Price': '7' }, { Handle: 'a' }),
    );
    expect(products).toMatchObject([{ title: 'A', variants: [{ options: ['2'], price: { amount: 700 } }] }]);
    expect(problems).toEqual([
      [2, 'Variant Price', 'a', expect.stringContaining('is not a price')],
      [4, null, 'a', 'the row has neither a variant nor a picture'],
    ]);
  });
});

it('a product of too many variants or pictures is refused', () => {
  const rows = (count: number, row: (n: number) => Record<string, string>) =>
    read(csv(...Array.from({ length: count }, (_, n) => ({ Handle: 'a', Title: 'A', ...row(n) }))));
  const variants = rows(2_001, (n) => ({ 'Option1 Name': 'N', 'Option1 Value': `${n}`, 'Variant Price': '5' }));
  expect([variants.products, variants.refused]).toEqual([[], 2_001]);
  expect(variants.problems[0]?.[3]).toContain('are more than 2000');
  const pictures = rows(251, (n) => ({ 'Variant Price': n === 0 ? '5' : '', 'Image Src': `https://x.test/${n}.png` }));
  expect(pictures.problems[0]?.slice(1)).toEqual(['Image Src', 'a', expect.stringContaining('are more than 250')]);
  const endless = rows(5_200, (n) => ({ 'Variant Price': n === 0 ? '5' : '', 'Image Src': `https://x.test/${n}.png` }));
  expect(endless.products).toEqual([]);
});

describe('a check for UTF-8', () => {
  const check = (bytes: Buffer, size: number): string | null => {
    const utf8 = new Utf8Check();
    for (let at = 0; at < bytes.length; at += size) {
      const fault = utf8.push(bytes.subarray(at, at + size), at + size >= bytes.length);
      if (fault !== null) return fault;
    }
    return null;
  };

  it('finds the line and the byte, however the file is cut', () => {
    const good = Buffer.from('é€😀\r\nab\n');
    const bad = Buffer.concat([good, Buffer.from([0x78, 0xe9, 0x79])]);
    for (let size = 1; size <= bad.length; size++) {
      expect(check(good, size)).toBeNull();
      expect(check(bad, size)).toBe(
        'Line 3 is not UTF-8: byte 16 of the file is 0xE9 (after "x"). Save the file as UTF-8.',
      );
    }
  });

  it('refuses a character that the file ends in', () => {
    expect(check(Buffer.from('a€').subarray(0, 3), 10)).toContain('byte 2 of the file is 0xE2');
  });
});
