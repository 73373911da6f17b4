import type { ImportJob, ImportProblem, Product, ProductInput, ProductSummary } from '@stoa/catalog-contract';
import { eventually } from '@stoa/testing';
import { CatalogService } from '../test/catalog-service.js';
import { largeProduct, productInput } from '../test/inputs.js';

let service: CatalogService;
beforeAll(async () => {
  service = await CatalogService.start();
});
afterAll(() => service.stop(), 60_000);

const PRODUCTS = 8_000;

async function importJob(id: string): Promise<ImportJob> {
  return (await service.ask<ImportJob>('getImport', { id })).body;
}

async function progressBeyond(id: string, created: number): Promise<void> {
  await eventually(async () => expect((await service.job(id)).created).toBeGreaterThan(created));
}

it('serves products over Kafka, and publishes them', async () => {
  const clone = await service.startClone();
  // Before anyone asked for a product: the first query is the slow one.
  expect((await service.lastStatements()).join('\n')).toMatch(/FROM "public"\."products" WHERE .*"handle" = /);
  const input = productInput('mug', { title: 'Mug', category: 'Kitchen' });
  const created = await service.ask<Product>('createProduct', input);
  expect(created).toMatchObject({ ok: true, body: { ...input, version: 1 } });
  expect((await service.ask<Product>('getProduct', { handle: 'mug' })).body).toEqual(created.body);
  const listed = await service.ask<{ items: ProductSummary[] }>('listProducts', { q: 'mug', limit: 5 });
  expect(listed.body.items.map(({ handle }) => handle)).toEqual(['mug']);
  expect((await service.ask('listCategories', {})).body).toEqual({
    items: [{ handle: 'kitchen', name: 'Kitchen', products: 1 }],
  });
  expect(await service.ask('getProduct', { handle: 'none' })).toMatchObject({ ok: false, body: { code: 'NOT_FOUND' } });
  expect(await service.ask('listProducts', { colour: 'red' })).toMatchObject({
    ok: false,
    body: { code: 'INVALID_INPUT' },
  });
  expect(await service.ask('changePrice', { sku: 'mug-sku', price: { amount: -1, currency: 'USD' } })).toMatchObject({
    ok: false,
    body: { code: 'INVALID_INPUT' },
  });
  expect((await service.published(2)).toSorted((a, b) => a.type.localeCompare(b.type))).toEqual([
    { type: 'productChanged', key: 'mug', version: 1 },
    { type: 'variant', key: 'mug-sku', version: 1 },
  ]);
  await clone.stop();
});

it('finishes an import whose clone leaves, and whose next one is killed, without loss or doubling', async () => {
  const leaving = await service.startClone();
  // However slow this test is, it must not be done before the clones go.
  await service.holdImportsAt(PRODUCTS / 4);
  const rows = Array.from({ length: PRODUCTS }, (_, n) => `p${n},Product ${n},S-${n},${n % 100 === 7 ? 'x' : '5.00'}`);
  const id = await service.upload(`Handle,Title,Variant SKU,Variant Price\n${rows.join('\n')}\n`, 'shopify');
  await progressBeyond(id, 0);
  await leaving.stop();
  const left = (await service.job(id)).created;
  await service.holdImportsAt(PRODUCTS / 2);

  const killed = await service.startClone();
  // At once: a clone that leaves gives its job back.
  await progressBeyond(id, left);
  await killed.kill();
  expect((await service.job(id)).status).toBe('running');
  await service.holdImportsAt(PRODUCTS);

  await service.startClone();
  await service.expireLeases();
  await eventually(async () => expect((await importJob(id)).status).toBe('done'), { everyMs: 200 });
  const refused = PRODUCTS / 100;
  expect(await importJob(id)).toMatchObject({
    productsCreated: PRODUCTS - refused,
    productsUnchanged: 0,
    rowsRefused: refused,
    failure: null,
  });
  const problems = await service.ask<{ items: ImportProblem[] }>('listImportProblems', { id, limit: 2 });
  expect(problems.body.items.map(({ line, column }) => [line, column])).toEqual([
    [9, 'Variant Price'],
    [109, 'Variant Price'],
  ]);
  const published = await service.published(2 + 2 * (PRODUCTS - refused));
  const changed = published.filter(({ type }) => type === 'productChanged').map(({ key }) => key);
  expect(changed).toHaveLength(new Set(changed).size);
  expect(new Set(published.map(({ version }) => version))).toEqual(new Set([1]));
}, 240_000);

it('imports and serves products of two thousand variants, each with a picture', async () => {
  const clone = await service.startClone();
  const products = ['large-1', 'large-2', 'large-3'].map((handle) => largeProduct(handle, 2_000));
  const file = products.map((product) => `${JSON.stringify(product)}\n`).join('');
  expect(Buffer.byteLength(file)).toBeGreaterThan(4_500_000);
  const id = await service.upload(file, 'ndjson');
  await eventually(async () => expect((await importJob(id)).status).toBe('done'));
  expect(await importJob(id)).toMatchObject({ productsCreated: 3, rowsRefused: 0 });

  const read = await Promise.all(products.map(({ handle }) => service.ask<Product>('getProduct', { handle })));
  const shown = ({ variants, ...product }: ProductInput) => ({
    ...product,
    variants: variants.map((variant) => ({ ...variant, available: variant.stock })),
  });
  expect(read.map(({ body }) => body)).toEqual(products.map((each) => expect.objectContaining(shown(each))));
  const price = { amount: 2, currency: 'USD' };
  const changed = await service.ask<Product>('changePrice', { sku: 'large-1-1999', price });
  expect(changed.body.variants[1_999]?.price).toEqual(price);
  await clone.stop();
});
