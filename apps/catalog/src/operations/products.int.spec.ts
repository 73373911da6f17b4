import { catalog } from '@stoa/catalog-contract';
import { productInput, variantInput } from '../../test/inputs.js';
import { Shop } from '../../test/shop.js';
import { AdjustStock } from './stock/adjust-stock.js';
import { ChangePrice } from './change-price.js';
import { ChangeProduct } from './change-product.js';
import { CreateProduct } from './create-product.js';
import { RemoveProduct } from './remove-product.js';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
});
afterAll(() => shop.close());

let count = 0;
const unique = (name: string): string => `${name}-${++count}`;
const create = (input: object) => shop.command(catalog.createProduct, CreateProduct, input);
const change = (input: object, expectedVersion?: number) =>
  shop.command(catalog.changeProduct, ChangeProduct, input, expectedVersion === undefined ? {} : { expectedVersion });
const remove = (handle: string, expectedVersion?: number) =>
  shop.command(
    catalog.removeProduct,
    RemoveProduct,
    { handle },
    expectedVersion === undefined ? {} : { expectedVersion },
  );
const adjust = (sku: string, delta: number, reason?: string) =>
  shop.command(catalog.adjustStock, AdjustStock, { sku, delta, ...(reason && { reason }) });
const changePrice = (input: object) => shop.command(catalog.changePrice, ChangePrice, input);
const USD = (amount: number) => ({ amount, currency: 'USD' });

describe('a product', () => {
  it('is read as it was written, sanitised', async () => {
    const handle = unique('mug');
    const input = productInput(handle, {
      title: 'Mug',
      description: '<p onclick="x()">Blue<script>alert(1)</script></p>',
      category: 'Kitchen & Bar',
      tags: ['blue', 'blue', 'clay'],
      optionNames: ['Size'],
      variants: [
        variantInput(`${handle}-s`, { title: 'Small', options: ['Small'], compareAtPrice: USD(1500) }),
        variantInput(`${handle}-l`, { title: 'Large', options: ['Large'], price: USD(2000), stock: 0 }),
      ],
      images: [{ url: '/pictures/mug.svg', alt: 'A mug' }],
      seo: { title: 'Mug', description: '' },
    });
    const created = await create(input);
    expect(created).toMatchObject({ ...input, version: 1, description: '<p>Blue</p>', tags: ['blue', 'clay'] });
    expect(await shop.product(handle)).toEqual(created);
    const { items } = await shop.list({ category: 'kitchen-bar' });
    expect(items).toEqual([
      {
        id: created.id,
        handle,
        title: 'Mug',
        vendor: '',
        category: 'Kitchen & Bar',
        tags: ['blue', 'clay'],
        imageUrl: '/pictures/mug.svg',
        minPrice: USD(1000),
        maxPrice: USD(2000),
        available: true,
        skus: [`${handle}-s`, `${handle}-l`],
      },
    ]);
  });

  it('publishes itself and its variants', async () => {
    const handle = unique('cup');
    await shop.messages();
    await create(productInput(handle, { title: 'Cup', images: [{ url: '/cup.svg', alt: null }] }));
    const state = {
      sku: `${handle}-sku`,
      product: handle,
      title: 'Cup',
      imageUrl: '/cup.svg',
      price: USD(1000),
      available: true,
      category: '',
      tags: [],
      grams: 0,
      taxable: true,
      requiresShipping: true,
    };
    expect(await shop.messages()).toEqual([
      { type: 'variant', key: `${handle}-sku`, version: 1, data: state },
      { type: 'productChanged', key: handle, version: 1, data: { handle, version: 1 } },
    ]);
  });

  it('is created once for one command id', async () => {
    const input = productInput(unique('once'));
    const id = '019abcde-0000-7000-8000-000000000001';
    const first = await shop.command(catalog.createProduct, CreateProduct, input, { id });
    expect(await shop.command(catalog.createProduct, CreateProduct, input, { id })).toEqual(first);
  });

  it('is refused when its handle or SKU is taken, or when it is at odds with itself', async () => {
    const handle = unique('taken');
    await create(productInput(handle));
    await expect(create(productInput(handle, { variants: [variantInput(unique('s'))] }))).rejects.toMatchObject({
      code: 'HANDLE_TAKEN',
    });
    await expect(
      create(productInput(unique('p'), { variants: [variantInput(`${handle}-sku`)] })),
    ).rejects.toMatchObject({
      code: 'SKU_TAKEN',
      message: `The SKU ${handle}-sku belongs to the product ${handle}`,
    });
    const twins = [
      variantInput('twin', { options: ['A'] }),
      variantInput('twin', { options: ['A'], price: { amount: 1, currency: 'EUR' } }),
    ];
    const odd = create(productInput(unique('odd'), { tags: ['a,b'], optionNames: ['Size'], variants: twins }));
    await expect(odd).rejects.toMatchObject({ code: 'BAD_PRODUCT' });
    const { problems } = await odd.catch((error) => error);
    expect(problems.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/tags/0',
      '/variants/1/sku',
      '/variants/1/options',
      '/variants/1/price',
    ]);
  });

  it('refuses texts that neither Postgres nor JSON can hold', async () => {
    await expect(create(productInput(unique('nul'), { title: 'a\0b' }))).rejects.toMatchObject({ code: 'BAD_PRODUCT' });
    await expect(create(productInput(unique('half'), { vendor: '\ud800' }))).rejects.toMatchObject({
      code: 'BAD_PRODUCT',
    });
  });

  it('does not exist for readers while it is inactive, nor when it never did', async () => {
    const handle = unique('draft');
    await shop.messages();
    await create(productInput(handle, { active: false }));
    await expect(shop.product(handle)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(shop.product('no-such-product')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await shop.handles({ q: handle })).toEqual([]);
    expect((await shop.messages()).map(({ type }) => type)).toEqual(['productChanged']);
  });
});

describe('a change', () => {
  it('leaves alone what it does not name, and counts the version on', async () => {
    const handle = unique('lamp');
    const created = await create(productInput(handle, { vendor: 'Lux', tags: ['light'] }));
    const changed = await change({ handle, title: 'Lamp' });
    expect(changed).toEqual({ ...created, title: 'Lamp', version: 2, updatedAt: changed.updatedAt });
    expect(await shop.product(handle)).toEqual(changed);
  });

  it('publishes only the variants that it changes', async () => {
    const handle = unique('shirt');
    const variants = ['s', 'm'].map((size) => variantInput(`${handle}-${size}`, { title: size, options: [size] }));
    await create(productInput(handle, { optionNames: ['Size'], variants }));
    await shop.messages();
    await change({ handle, vendor: 'Other' });
    expect((await shop.messages()).map(({ type, version }) => [type, version])).toEqual([['productChanged', 2]]);
    await change({ handle, variants: [variants[0], { ...variants[1], price: USD(7) }] });
    expect((await shop.messages()).map(({ type, key, version }) => [type, key, version])).toEqual([
      ['variant', `${handle}-m`, 2],
      ['productChanged', handle, 3],
    ]);
  });

  it('takes back the states of a product that is not sold any more', async () => {
    const handle = unique('gone');
    await create(productInput(handle));
    await shop.messages();
    await change({ handle, active: false });
    expect(await shop.messages()).toMatchObject([
      { type: 'variant', version: 2, data: null },
      { type: 'productChanged' },
    ]);
    await change({ handle, active: true });
    expect(await shop.messages()).toMatchObject([
      { type: 'variant', version: 3, data: { product: handle } },
      { type: 'productChanged' },
    ]);
  });

  it('is refused from a stale version, of an unknown product, or with a SKU of another', async () => {
    const handle = unique('stale');
    await create(productInput(handle));
    await expect(change({ handle, title: 'X' }, 7)).rejects.toMatchObject({ code: 'STALE_VERSION' });
    expect((await change({ handle, title: 'X' }, 1)).version).toBe(2);
    await expect(change({ handle: 'no-such-product', title: 'X' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const other = unique('other');
    await create(productInput(other));
    await expect(change({ handle, variants: [variantInput(`${other}-sku`)] })).rejects.toMatchObject({
      code: 'SKU_TAKEN',
    });
  });

  it('lets versions grow over a removal and a return, of the product and of its SKU', async () => {
    const handle = unique('back');
    const sku = `${handle}-sku`;
    await create(productInput(handle));
    await change({ handle, title: 'Second' });
    await shop.messages();
    await remove(handle, 2);
    expect(await shop.messages()).toMatchObject([
      { type: 'variant', key: sku, version: 3, data: null },
      { type: 'productRemoved', key: handle, version: 3 },
    ]);
    await expect(shop.product(handle)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(remove(handle)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await create(productInput(handle))).version).toBe(4);
    expect(await shop.messages()).toMatchObject([
      { type: 'variant', key: sku, version: 4 },
      { type: 'productChanged', key: handle, version: 4 },
    ]);
    expect((await shop.product(handle)).version).toBe(4);
  });

  it('moves a SKU to another product without a version going back', async () => {
    const [from, to] = [unique('from'), unique('to')];
    const shared = variantInput(unique('shared'), { options: ['B'], title: 'B' });
    const own = variantInput(unique('own'), { options: ['A'], title: 'A' });
    await create(productInput(from, { optionNames: ['X'], variants: [own, shared] }));
    await change({ handle: from, variants: [own] });
    await shop.messages();
    await create(productInput(to, { optionNames: ['X'], variants: [shared] }));
    expect(await shop.messages()).toMatchObject([
      { type: 'variant', key: shared.sku, version: 3 },
      { type: 'productChanged' },
    ]);
  });
});

describe('categories', () => {
  it('count the active products as they come, change and go', async () => {
    const [name, other] = [unique('Category'), unique('Élan & Co')];
    const [handle, otherHandle] = [name.toLowerCase(), other.toLowerCase().replace('élan & co', 'elan-co')];
    const products = [unique('c'), unique('c'), unique('c')];
    for (const product of products) await create(productInput(product, { category: name }));
    expect((await shop.categories())[handle]).toBe(3);
    await change({ handle: products[0], category: other });
    await change({ handle: products[1], active: false });
    const counted = await shop.categories();
    expect([counted[handle], counted[otherHandle]]).toEqual([1, 1]);
    await remove(products[2] ?? '');
    expect(await shop.categories()).not.toHaveProperty(handle);
    await change({ handle: products[1], active: true });
    expect((await shop.categories())[handle]).toBe(1);
  });
});

describe('a price', () => {
  it('is changed for one variant, with what it is compared to', async () => {
    const handle = unique('priced');
    await create(productInput(handle));
    const sku = `${handle}-sku`;
    const raised = await changePrice({ sku, price: USD(1200), compareAtPrice: USD(1300) });
    expect(raised).toMatchObject({ version: 2, variants: [{ price: USD(1200), compareAtPrice: USD(1300) }] });
    expect((await changePrice({ sku, price: USD(1100) })).variants[0]?.compareAtPrice).toEqual(USD(1300));
    expect((await changePrice({ sku, price: USD(1100), compareAtPrice: null })).variants[0]?.compareAtPrice).toBeNull();
    expect((await shop.list({ minPrice: 1100, maxPrice: 1100, q: handle })).items).toHaveLength(1);
  });

  it('is refused in another currency, and for a SKU that is not sold', async () => {
    const handle = unique('two');
    const variants = ['a', 'b'].map((option) =>
      variantInput(`${handle}-${option}`, { options: [option], title: option }),
    );
    await create(productInput(handle, { optionNames: ['X'], variants }));
    await expect(changePrice({ sku: `${handle}-b`, price: { amount: 1, currency: 'EUR' } })).rejects.toMatchObject({
      code: 'BAD_PRODUCT',
    });
    await expect(changePrice({ sku: `${handle}-a`, price: { amount: 1, currency: 'QQQ' } })).rejects.toMatchObject({
      code: 'BAD_PRODUCT',
    });
    await expect(changePrice({ sku: 'no-such-sku', price: USD(1) })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('stock', () => {
  it('is counted, and known to others only as there or not', async () => {
    const handle = unique('stock');
    await create(productInput(handle));
    const sku = `${handle}-sku`;
    await shop.messages();
    expect(await adjust(sku, -4, 'stocktaking')).toEqual({ sku, stock: 1, version: 2 });
    expect(await shop.messages()).toMatchObject([
      { type: 'variantLow', key: sku, data: { sku, product: handle, stock: 1, threshold: 2 } },
      { type: 'productChanged', version: 2 },
    ]);
    expect(await adjust(sku, -1)).toEqual({ sku, stock: 0, version: 3 });
    expect(await shop.messages()).toMatchObject([
      { type: 'availability', version: 1, data: { sku, available: false } },
      { type: 'productChanged', version: 3 },
    ]);
    await shop.showAvailability();
    expect((await shop.messages()).filter(({ key }) => key === sku)).toEqual([]);
    expect((await shop.product(handle)).variants[0]?.stock).toBe(0);
    expect((await shop.list({ q: handle })).items[0]?.available).toBe(false);
    await adjust(sku, 2);
    expect((await shop.list({ q: handle })).items[0]?.available).toBe(true);
    const recorded = await shop.sql('SELECT delta, stock, reason FROM stock_adjustments WHERE sku = $1 ORDER BY id', [
      sku,
    ]);
    expect(recorded).toHaveLength(4);
    expect(recorded).toContainEqual({ delta: -4, stock: 1, reason: 'stocktaking' });
  });

  it('does not fall below zero, unless the variant is sold without', async () => {
    const [strict, free] = [unique('strict'), unique('free')];
    await create(productInput(strict));
    await create(productInput(free, { variants: [variantInput(`${free}-sku`, { whenOutOfStock: 'continue' })] }));
    await expect(adjust(`${strict}-sku`, -6)).rejects.toMatchObject({ code: 'NOT_ENOUGH_STOCK' });
    expect((await adjust(`${free}-sku`, -6)).stock).toBe(-1);
    await expect(adjust('no-such-sku', 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('loses no adjustment when several come at once', async () => {
    const handle = unique('race');
    await create(productInput(handle, { variants: [variantInput(`${handle}-sku`, { stock: 0 })] }));
    await Promise.all(Array.from({ length: 20 }, () => adjust(`${handle}-sku`, 1)));
    const { version, variants } = await shop.product(handle);
    expect([version, variants[0]?.stock]).toEqual([21, 20]);
  });
});
