import { catalog, type ImportJob, type ImportProblem } from '@stoa/catalog-contract';
import { eventually } from '@stoa/testing';
import { readFile } from 'node:fs/promises';
import { productInput, variantInput } from '../../test/inputs.js';
import { Shop } from '../../test/shop.js';
import { AdjustStock } from '../operations/stock/adjust-stock.js';

let shop: Shop;
beforeEach(async () => {
  shop = await Shop.open();
});
afterEach(() => shop.close());

const fixture = (name: string): Promise<Buffer> => readFile(`apps/catalog/test/fixtures/${name}`);
const where = (problems: readonly ImportProblem[]) =>
  problems.map(({ line, column, product }) => [line, column, product]);

const HEADER = 'Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty';
const csv = (...rows: string[]): string => [HEADER, ...rows, ''].join('\n');
const ndjson = (...products: unknown[]): string => products.map((product) => `${JSON.stringify(product)}\n`).join('');

describe("Shopify's own sample files", () => {
  it('go in, and come as they say', async () => {
    const { job, problems } = await shop.import(await fixture('apparel.csv'));
    expect(job).toMatchObject({ status: 'done', productsCreated: 20, rowsRefused: 0, failure: null });
    expect(job.bytesProcessed).toBe(job.bytesReceived);
    expect(problems).toEqual([]);
    expect(await shop.product('classic-varsity-top')).toMatchObject({
      title: 'Classic Varsity Top',
      vendor: 'partners-demo',
      tags: ['women'],
      optionNames: ['Size'],
      variants: [
        { sku: 'classic-varsity-top.small', title: 'Small', price: { amount: 6000, currency: 'USD' }, stock: 1 },
        { sku: 'classic-varsity-top.medium', options: ['Medium'], price: { amount: 6000 } },
        { sku: 'classic-varsity-top.large' },
      ],
      images: [{ url: 'https://burst.shopifycdn.com/photos/casual-fashion-woman_925x.jpg', alt: null }],
    });
    expect(await shop.product('ocean-blue-shirt')).toMatchObject({
      optionNames: [],
      variants: [{ sku: 'ocean-blue-shirt', options: [] }],
    });
    const garden = await shop.import(await fixture('home-and-garden.csv'), { currency: 'EUR' });
    expect(garden.job).toMatchObject({ status: 'done', productsCreated: 20, rowsRefused: 0 });
    expect(garden.problems).toEqual([]);
    expect(await shop.product('clay-plant-pot')).toMatchObject({
      category: 'Outdoor',
      tags: ['Pot', 'Plants'],
      description: '<p>Classic blown clay pot for plants</p>',
      variants: [{ price: { amount: 999, currency: 'EUR' } }, { price: { amount: 1599 }, stock: 3 }],
    });
    expect((await shop.product('copper-light')).variants[0]?.compareAtPrice).toEqual({ amount: 7500, currency: 'EUR' });
    expect(await shop.categories()).toEqual({ indoor: 13, outdoor: 7 });
  });

  it('change nothing and publish nothing when they come again', async () => {
    const file = await fixture('home-and-garden.csv');
    await shop.import(file);
    expect(await shop.messages()).toHaveLength(20 + 21);
    const before = await shop.export('ndjson');
    const { job } = await shop.import(file);
    expect(job).toMatchObject({ productsCreated: 0, productsChanged: 0, productsUnchanged: 20 });
    expect(await shop.messages()).toEqual([]);
    expect(await shop.export('ndjson')).toEqual(before);
  });

  it('go in whole however the upload is cut', async () => {
    const { job, problems } = await shop.import(await fixture('apparel.csv'), { frameBytes: 97 });
    expect([job.productsCreated, problems]).toEqual([20, []]);
  });
});

describe('a second import', () => {
  it('writes what differs, and publishes only that', async () => {
    await shop.import(csv('a,A,Size,S,A-S,10,1', 'a,,,M,A-M,11,1', 'b,B,,,B-1,5,1'));
    await shop.messages();
    const { job } = await shop.import(csv('a,A,Size,S,A-S,10,1', 'a,,,M,A-M,12,1', 'b,B,,,B-1,5,1'));
    expect(job).toMatchObject({ productsCreated: 0, productsChanged: 1, productsUnchanged: 1 });
    expect(await shop.messages()).toMatchObject([
      { type: 'variant', key: 'A-M', version: 2, data: { price: { amount: 1200 } } },
      { type: 'productChanged', key: 'a', version: 2 },
    ]);
    expect((await shop.product('a')).version).toBe(2);
  });

  it('sets the stock to what the file says, also when only the stock was changed since', async () => {
    const file = csv('a,A,,,A-1,10,3');
    await shop.import(file);
    await shop.command(catalog.adjustStock, AdjustStock, { sku: 'A-1', delta: -1 });
    expect((await shop.import(file)).job.productsChanged).toBe(1);
    expect((await shop.product('a')).variants[0]?.stock).toBe(3);
    await shop.command(catalog.adjustStock, AdjustStock, { sku: 'A-1', delta: -1 });
    await shop.command(catalog.adjustStock, AdjustStock, { sku: 'A-1', delta: 1 });
    expect((await shop.import(file)).job.productsUnchanged).toBe(1);
  });

  it('drops the variants that are not in the file, unless rows of the product were refused', async () => {
    const both = csv('a,A,Size,S,A-S,10,1', 'a,,,M,A-M,11,1');
    await shop.import(both);
    const typo = await shop.import(csv('a,A,Size,S,A-S,20,1', 'a,,,M,A-M,-11,1'));
    expect(where(typo.problems)).toEqual([[3, 'Variant Price', 'a']]);
    expect((await shop.product('a')).variants.map(({ sku, price }) => [sku, price.amount])).toEqual([
      ['A-S', 2000],
      ['A-M', 1100],
    ]);
    await shop.messages();
    await shop.import(csv('a,A,Size,S,A-S,20,1'));
    expect((await shop.product('a')).variants.map(({ sku }) => sku)).toEqual(['A-S']);
    expect(await shop.messages()).toMatchObject([
      // Its title named the variant while there were several.
      { key: 'A-S', data: { title: 'A' } },
      { key: 'A-M', data: null },
      { type: 'productChanged' },
    ]);
  });
});

describe('wrong rows', () => {
  it('are refused one by one, with line, column and product, and the rest goes in', async () => {
    const { job, problems } = await shop.import(
      csv(
        'good,Good,,,G-1,10,1',
        'negative,N,,,N-1,-5,1',
        '"broken,B,,,B-1,5,1',
        'unparseable,U,,,U-1,12 euros,1',
        'decimals,D,,,D-1,1.234,1',
        'Bad Handle!,B,,,B-2,5,1',
        'untitled,,,,T-1,5,1',
        'short,S,5',
        'unpriced,U,,,U-2,,1',
        'stock,S,,,S-1,5,many',
        'last,Last,,,L-1,1.5,2',
      ),
    );
    expect(where(problems)).toEqual([
      [3, 'Variant Price', 'negative'],
      [4, null, null],
      [5, 'Variant Price', 'unparseable'],
      [6, 'Variant Price', 'decimals'],
      [7, 'Handle', null],
      [8, 'Title', 'untitled'],
      [9, null, null],
      [10, 'Variant Price', 'unpriced'],
      [11, 'Variant Inventory Qty', 'stock'],
    ]);
    expect(problems[0]?.reason).toBe('is negative: "-5"');
    expect(problems[2]?.reason).toContain('is not a price: "12 euros"');
    expect(job).toMatchObject({ status: 'done', productsCreated: 2, rowsRefused: 9 });
    expect((await shop.product('last')).variants[0]?.price.amount).toBe(150);
  });

  it('are reported with their true lines behind quoted line breaks and CR LF', async () => {
    const text = csv('a,"A\r\nin two lines",,,A-1,5,1', 'b,B,,,B-1,x,1').replaceAll(/(?<!\r)\n/g, '\r\n');
    const { problems } = await shop.import(`\ufeff${text}`);
    expect(problems.map(({ line, column }) => [line, column])).toEqual([[4, 'Variant Price']]);
    expect((await shop.product('a')).title).toBe('A\r\nin two lines');
  });

  it('are those whose SKU is taken: in the product, earlier in the file, or in the catalog', async () => {
    await shop.import(csv('old,Old,,,OLD-1,5,1'));
    const { job, problems } = await shop.import(
      csv('a,A,Size,S,X-1,5,1', 'a,,,M,X-1,5,1', 'b,B,Size,S,X-1,5,1', 'b,,,M,B-M,5,1', 'c,C,,,OLD-1,5,1'),
    );
    expect(problems.map(({ line, column, reason }) => [line, column, reason])).toEqual([
      [3, 'Variant SKU', 'is the SKU of another variant of this product: X-1'],
      [4, 'Variant SKU', 'is the SKU X-1 of another product: a'],
      [6, 'Variant SKU', 'is the SKU OLD-1 of another product: old'],
    ]);
    expect(job).toMatchObject({ productsCreated: 2, rowsRefused: 3 });
    expect((await shop.product('b')).variants.map(({ sku }) => sku)).toEqual(['B-M']);
  });

  it('are those of a product whose rows do not stand together', async () => {
    const filler = Array.from({ length: 600 }, (_, n) => `p${n},P,,,P-${n},5,1`);
    const { job, problems } = await shop.import(
      csv('a,A,,,A-1,5,1', 'b,B,,,B-1,5,1', 'a,A,,,A-2,5,1', ...filler, 'b,B,,,B-2,5,1'),
    );
    expect(problems.map(({ line, reason }) => [line, reason])).toEqual([
      [4, 'the product was on line 2 already; all of its rows must stand together'],
      [605, 'the product was on line 3 already; all of its rows must stand together'],
    ]);
    expect(job).toMatchObject({ productsCreated: 602, rowsRefused: 2 });
    expect((await shop.product('a')).variants).toHaveLength(1);
  });

  it('are read page by page, in the order of the file', async () => {
    const rows = Array.from({ length: 30 }, (_, n) => `p${n},P,,,P-${n},x,1`);
    const { job } = await shop.import(csv(...rows));
    const lines: number[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: { items: ImportProblem[]; next: string | null } = await shop.listProblems({
        id: job.id,
        limit: 7,
        ...(cursor && { cursor }),
      });
      lines.push(...page.items.map(({ line }) => line));
      cursor = page.next;
    }
    expect(lines).toEqual(rows.map((_, n) => n + 2));
    await expect(shop.listProblems({ id: job.id, cursor: 'damaged' })).rejects.toMatchObject({ code: 'BAD_CURSOR' });
    await expect(shop.listProblems({ id: 'none' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(shop.getImport('none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a file that is no product file', () => {
  const refused = (content: string | Buffer, options = {}) =>
    shop.upload(content, options).catch((error: Error) => error.message);

  it('is refused with its first frame where that shows it', async () => {
    const latin1 = Buffer.from(csv('a,Café,,,A-1,5,1'), 'latin1');
    expect(await refused(latin1)).toMatch(/^Line 2 is not UTF-8: byte \d+ of the file is 0xE9 \(after "a,Caf"\)/);
    expect(await refused(Buffer.from(`\ufeff${csv('a,A,,,A-1,5,1')}`, 'utf16le'))).toContain('The file is UTF-16');
    expect(await refused(Buffer.from(csv('a,A,,,A-1,5,1'), 'utf16le'))).toContain('UTF-16 or no text');
    expect(await refused('Handle,Body (HTML)\na,b\n')).toBe(
      'The header (line 1) lacks the columns Title, Variant Price.',
    );
    expect(await refused('Handle;Title;Variant Price\na;b;1\n')).toContain('cells must be separated by commas');
    expect(await refused('Handle,Title,Title,Variant Price\n')).toContain('has the column Title twice');
    expect(await refused('')).toBe('The file is empty.');
    expect(await refused('[{"handle":"a"}]', { format: 'ndjson' })).toContain('one JSON array');
    expect(await refused(csv(), { contentType: 'application/x-ndjson' })).toContain('is sent as text/csv');
    expect(await refused(csv(), { currency: 'ZZQ' })).toBe('ZZQ is not a currency.');
    expect(await shop.claim()).toBeUndefined();
  });

  it('fails before anything of it goes in where a later frame shows it', async () => {
    const good = Array.from({ length: 400 }, (_, n) => `p${n},P,,,P-${n},5,1`);
    const file = Buffer.concat([Buffer.from(csv(...good)), Buffer.from('caf\xe9,C,,,C-1,5,1\n', 'latin1')]);
    const { job } = await shop.import(file, { frameBytes: 1024 });
    expect(job).toMatchObject({ status: 'failed', productsCreated: 0 });
    expect(job.failure).toMatch(/^Line 402 is not UTF-8: byte \d+ of the file is 0xE9/);
    expect(await shop.list()).toEqual({ items: [], next: null });
  });

  it('fails when its header does not end', async () => {
    const { job } = await shop.import(`Handle,"Title,Variant Price${'x'.repeat(3000)}`, { frameBytes: 1024 });
    expect(job.failure).toContain('The header (line 1)');
  });
});

describe('a column or field that nobody knows', () => {
  it('is ignored and mentioned once', async () => {
    const text = csv('a,A,,,A-1,5,1', 'b,B,,,B-1,5,1').replaceAll('\n', ',x\n').replace('Qty,x', 'Qty,Shelf');
    const { job, problems } = await shop.import(text);
    expect(problems).toEqual([
      {
        line: 1,
        column: 'Shelf',
        product: null,
        reason: 'is not a column of a product CSV; it is ignored in all rows',
        refused: false,
      },
    ]);
    expect(job).toMatchObject({ productsCreated: 2, rowsRefused: 0 });
    const lines = ndjson(
      { ...productInput('c'), shelf: 3 },
      { ...productInput('d'), shelf: 4, variants: [{ ...variantInput('d'), x: 1 }] },
    );
    const second = await shop.import(lines, { format: 'ndjson' });
    expect(where(second.problems)).toEqual([
      [1, 'shelf', null],
      [2, 'variants.x', null],
    ]);
    expect(second.job).toMatchObject({ productsCreated: 2, rowsRefused: 0 });
  });
});

describe('NDJSON', () => {
  it('goes in line by line; a wrong line is refused as a whole', async () => {
    const twin = productInput('twin', { variants: [variantInput('a-sku')] });
    const { job, problems } = await shop.import(
      `${ndjson(productInput('a'), { ...productInput('b'), title: 7, tags: ['x', 3] })}{oops\n\n${ndjson(twin, productInput('a'), productInput('z'))}`,
      { format: 'ndjson' },
    );
    expect(where(problems)).toEqual([
      [2, 'title', 'b'],
      [2, 'tags.1', 'b'],
      [3, null, null],
      [5, 'variants.0.sku', 'twin'],
      [6, null, 'a'],
    ]);
    expect(job).toMatchObject({ status: 'done', productsCreated: 2, rowsRefused: 4 });
  });

  it('takes products as the shop shows them', async () => {
    await shop.import(ndjson(productInput('a')), { format: 'ndjson' });
    const { job, problems } = await shop.import(ndjson(await shop.product('a')), { format: 'ndjson' });
    expect([job.productsUnchanged, problems]).toEqual([1, []]);
  });
});

describe('a run', () => {
  const rows = Array.from({ length: 1_000 }, (_, n) => `p${n},P ${n},,,P-${n},${n % 7 === 3 ? 'x' : 5},1`);
  const good = rows.filter((row) => !row.includes(',x,')).length;

  it('that was interrupted is finished by the next one, without doubling and without loss', async () => {
    const { id } = await shop.upload(csv(...rows), { frameBytes: 2_000 });
    let runs = 0;
    for (let job = await shop.claim(); job; job = await shop.claim()) {
      await shop.runOnePart(job);
      runs++;
    }
    expect(runs).toBeGreaterThan(2);
    expect(await shop.getImport(id)).toMatchObject({
      status: 'done',
      productsCreated: good,
      productsUnchanged: 0,
      rowsRefused: 1_000 - good,
    });
    expect((await shop.messages()).filter(({ type }) => type === 'productChanged')).toHaveLength(good);
    expect((await shop.problems(id)).map(({ line }) => line)).toEqual(
      rows.flatMap((row, n) => (row.includes(',x,') ? [n + 2] : [])),
    );
  });

  it('that froze can write nothing once another one has its job', async () => {
    const { id } = await shop.upload(csv(...rows.slice(0, 10)));
    const frozen = await shop.claim();
    expect(await shop.claim()).toBeUndefined();
    await shop.sql(`UPDATE import_jobs SET lease_until = now() - interval '1 second'`);
    const next = await shop.claim();
    if (!frozen || !next) throw new Error('the job was not there');
    await shop.runOf(frozen).run();
    expect((await shop.getImport(id)).productsCreated).toBe(0);
    await shop.runOf(next).run();
    expect(await shop.getImport(id)).toMatchObject({ status: 'done', productsCreated: 9 });
  });

  it('and another one of the same products get along', async () => {
    const all = rows.map((row) => row.replace(',x,', ',5,'));
    const ids = [(await shop.upload(csv(...all))).id, (await shop.upload(csv(...all.toReversed()))).id];
    const jobs = [await shop.claim(), await shop.claim()].filter((job) => job !== undefined);
    await Promise.all(jobs.map((job) => shop.runOf(job).run()));
    const ended = await Promise.all(ids.map((id) => shop.getImport(id)));
    expect(ended.map(({ status, rowsRefused }) => [status, rowsRefused])).toEqual([
      ['done', 0],
      ['done', 0],
    ]);
    const sum = (count: (job: ImportJob) => number) => ended.reduce((total, job) => total + count(job), 0);
    expect(sum((job) => job.productsCreated)).toBe(all.length);
    expect(sum((job) => job.productsUnchanged)).toBe(all.length);
    const messages = await shop.messages();
    expect(messages).toHaveLength(2 * all.length);
    expect(messages.every(({ version }) => version === 1)).toBe(true);
  });

  it('goes on when the database ends its sessions', async () => {
    const { id } = await shop.upload(csv(...rows));
    const job = await shop.claim();
    if (!job) throw new Error('the job was not there');
    const running = shop.runOf(job).run();
    for (let kills = 0; kills < 5; kills++) {
      // A query that meets a session's end fails once; the transport tries it again, as this does.
      await eventually(() => shop.getImport(id));
      await shop.killSessions();
    }
    await running;
    expect(await eventually(() => shop.getImport(id))).toMatchObject({ status: 'done', productsCreated: good });
  });

  it('waits for frames that come late, in whatever order', async () => {
    const { ImportProducts } = await import('../operations/import-products.js');
    const text = csv('a,A,,,A-1,5,1', 'b,B,,,B-1,5,1');
    const half = Math.floor(text.length / 2);
    const frame = (sequence: number, last: boolean, data: string) => ({
      format: 'shopify',
      file: 'x.csv',
      upload: { id: 'u-1', sequence, last, contentType: 'text/csv', data: Buffer.from(data).toString('base64') },
    });
    const send = (input: object) => shop.command(catalog.importProducts, ImportProducts, input);
    expect((await send(frame(1, true, text.slice(half)))).status).toBe('receiving');
    expect(await shop.claim()).toBeUndefined();
    expect((await send(frame(0, false, text.slice(0, half)))).status).toBe('running');
    expect((await send(frame(0, false, text.slice(0, half)))).bytesReceived).toBe(text.length);
    const job = await shop.claim();
    if (!job) throw new Error('the job was not there');
    await shop.runOf(job).run();
    expect((await shop.getImport('u-1')).productsCreated).toBe(2);
  });

  it('leaves no chunk and no handle behind once it is swept', async () => {
    const { sweep } = await import('../storage/imports/import-leases.js');
    await shop.import(csv(...rows.slice(0, 10)));
    while (await shop.database.transaction(0, sweep));
    const [left] = await shop.sql(
      'SELECT (SELECT count(*)::int FROM import_chunks) AS chunks, (SELECT count(*)::int FROM import_handles) AS handles',
    );
    expect(left).toEqual({ chunks: 0, handles: 0 });
  });
});

describe('what is too large in a file', () => {
  const WITH_PICTURES = 'Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Image';

  it('is refused alone when it is a product, in words that say what to do', async () => {
    const url = (n: number): string => `/${String(n).padEnd(1_990, 'x')}`;
    const rows = Array.from({ length: 2_000 }, (_, n) => `big,Big,Size,${n},big-${n},1,${url(n)}${'é'.repeat(8)}`);
    const file = [WITH_PICTURES, 'a,A,Size,S,a-s,1,', ...rows, 'b,B,Size,S,b-s,1,', ''].join('\n');
    const { job, problems } = await shop.import(file);
    expect(job).toMatchObject({ status: 'done', productsCreated: 2, rowsRefused: 2_000 });
    expect(where(problems)).toEqual([[3, null, 'big']]);
    expect(problems[0]?.reason).toMatch(/make the product too large.* of 4\.0 at the most\. Shorten titles/);
  });

  it('is cut where it is a name or a value, and named a bounded number of times', async () => {
    const long = 'n'.repeat(50_000);
    const wrong = { handle: long, [long]: 1, variants: Array.from({ length: 2_000 }, () => ({})) };
    const { job, problems } = await shop.import(ndjson(wrong, productInput('fine')), { format: 'ndjson' });
    expect(job).toMatchObject({ status: 'done', productsCreated: 1, rowsRefused: 1 });
    expect(problems.length).toBeLessThan(110);
    expect(problems.at(-1)?.reason).toMatch(/^\d+ more faults are not named$/);
    expect(JSON.stringify(problems).length).toBeLessThan(110 * 1_500);
  });
});
