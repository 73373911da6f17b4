import { catalog, type ProductInput } from '@stoa/catalog-contract';
import { largeProduct, productInput, variantInput } from '../../test/inputs.js';
import { Shop } from '../../test/shop.js';
import { encodeCursor } from '../domain/cursor.js';
import { CreateProduct } from './create-product.js';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
});
afterAll(() => shop.close());

const add = (input: ProductInput) => shop.command(catalog.createProduct, CreateProduct, input);

/** All handles of a list, read in pages of `limit`. */
async function pages(input: object, limit: number): Promise<string[]> {
  const handles: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Awaited<ReturnType<typeof shop.list>> = await shop.list({ ...input, limit, ...(cursor && { cursor }) });
    handles.push(...page.items.map(({ handle }) => handle));
    cursor = page.next;
  }
  return handles;
}

describe('a list', () => {
  const PRICES = [300, 100, 200, 200, 200, 500, 400];
  beforeAll(async () => {
    for (const [n, amount] of PRICES.entries()) {
      const variants = [variantInput(`l${n}`, { price: { amount, currency: 'USD' } })];
      const even = n % 2 === 0;
      await add(
        productInput(`l${n}`, {
          title: `${even ? 'É' : 'e'}${9 - n}`,
          category: even ? 'Even Ones' : 'odd',
          tags: [`t${n % 3}`],
          variants,
        }),
      );
    }
  });

  it.each([
    ['newest', ['l6', 'l5', 'l4', 'l3', 'l2', 'l1', 'l0']],
    ['title', ['l6', 'l5', 'l4', 'l3', 'l2', 'l1', 'l0']],
  ])('is in the order %s', async (sort, expected) => {
    expect(await shop.handles({ sort })).toEqual(expected);
  });

  it('is in the order of the lowest price, both ways', async () => {
    const prices = async (sort: string) => (await shop.list({ sort })).items.map(({ minPrice }) => minPrice.amount);
    expect(await prices('price')).toEqual(PRICES.toSorted((a, b) => a - b));
    expect(await prices('-price')).toEqual(PRICES.toSorted((a, b) => b - a));
  });

  it.each(['newest', 'title', 'price', '-price'])(
    'by %s comes page by page without gap or repetition',
    async (sort) => {
      for (const filter of [{}, { category: 'even-ones' }, { tag: 't1' }, { minPrice: 200, maxPrice: 300 }]) {
        const whole = await shop.handles({ sort, ...filter, limit: 100 });
        expect(whole.length).toBeGreaterThan(1);
        for (const limit of [1, 2, 3]) expect(await pages({ sort, ...filter }, limit)).toEqual(whole);
      }
    },
  );

  it('is narrowed by category, tag and price', async () => {
    expect(await shop.handles({ category: 'even-ones' })).toEqual(['l6', 'l4', 'l2', 'l0']);
    expect(await shop.handles({ category: 'Even Ones' })).toEqual([]);
    expect(await shop.handles({ tag: 't1' })).toEqual(['l4', 'l1']);
    expect(await shop.handles({ minPrice: 400 })).toEqual(['l6', 'l5']);
    expect(await shop.handles({ maxPrice: 100 })).toEqual(['l1']);
    expect(await shop.handles({ category: 'odd', tag: 't2', maxPrice: 500 })).toEqual(['l5']);
  });

  it('goes on where it was although products come and go', async () => {
    const { items, next } = await shop.list({ sort: 'title', limit: 3 });
    await add(productInput('early', { title: 'A first one' }));
    const rest = await shop.handles({ sort: 'title', cursor: next });
    expect([...items.map(({ handle }) => handle), ...rest]).toEqual(['l6', 'l5', 'l4', 'l3', 'l2', 'l1', 'l0']);
  });

  it('refuses a cursor that is damaged, of another list, or made up', async () => {
    const { next } = await shop.list({ sort: 'price', limit: 2 });
    const cursor = next ?? '';
    const refused = [
      { sort: 'price', cursor: 'nonsense' },
      { sort: 'price', cursor: cursor.slice(0, -2) },
      { sort: 'price', cursor: `${cursor}x` },
      { sort: '-price', cursor },
      { sort: 'price', category: 'odd', cursor },
    ];
    for (const input of refused) await expect(shop.list(input)).rejects.toMatchObject({ code: 'BAD_CURSOR' });
    expect(await shop.handles({ sort: 'price', limit: 2, cursor })).toHaveLength(2);
  });

  it.each([
    ['newest', {}, '0000-01-01T00:00:00Z'],
    ['newest', {}, '2025-02-30T00:00:00Z'],
    ['title', {}, 'a\0b'],
    ['relevance', { q: 'mug' }, 1e300],
    ['relevance', { q: 'mug' }, 1e-300],
  ] as const)(
    'refuses a forged cursor whose place Postgres would not take: %s, %j, %j',
    async (sort, filter, value) => {
      const cursor = encodeCursor(['products', filter, sort, 'whole'], [value, '00000000-0000-4000-8000-000000000000']);
      await expect(shop.list({ sort, ...filter, cursor })).rejects.toMatchObject({ code: 'BAD_CURSOR' });
    },
  );

  it('refuses filters that are none', async () => {
    for (const input of [{ minPrice: -1 }, { sort: 'size' }, { limit: 0 }, { limit: 101 }, { q: '   ' }]) {
      await expect(shop.list(input)).rejects.toMatchObject({ name: 'ZodError' });
    }
  });
});

describe('a search', () => {
  beforeAll(async () => {
    await add(
      productInput('blue-mug', {
        title: 'Blue Mug',
        vendor: 'Haldane',
        tags: ['stoneware'],
        description: '<p>Holds coffee.</p>',
      }),
    );
    await add(
      productInput('coffee-maker', { title: 'Coffee Maker', description: '<p>Not for tea, nor for a mug.</p>' }),
    );
    await add(productInput('cafe-creme', { title: 'Café Crème', category: 'Drinks' }));
    await add(
      productInput('shirts', { title: 'Two Running Shirts', description: '<p class="hidden">A-14 and B&amp;B</p>' }),
    );
    await add(productInput('hidden-mug', { title: 'Hidden Mug', active: false }));
  });

  it.each([
    ['MUG', ['blue-mug', 'coffee-maker']],
    ['mugs', ['blue-mug', 'coffee-maker']],
    ['coffee', ['coffee-maker', 'blue-mug']],
    ['shirt', ['shirts']],
    ['run shirts', ['shirts']],
    ['haldane', ['blue-mug']],
    ['stoneware mug', ['blue-mug']],
    ['cafe creme', ['cafe-creme']],
    ['CAFÉ', ['cafe-creme']],
    ['drinks', ['cafe-creme']],
    ['a-14', ['shirts']],
    ['coffee shirt', []],
    ['paragraph', []],
    ['class', []],
  ])('for %p finds what has all of its words, the title first', async (q, handles) => {
    expect(await shop.handles({ q })).toEqual(handles);
  });

  it.each([
    ['cof', ['coffee-maker', 'blue-mug']],
    ['blue mu', []],
    ['blue hald', ['blue-mug']],
    ['stonew', ['blue-mug']],
    ['runn', ['shirts']],
  ])('for %p takes its last word for unfinished once it has three letters', async (q, handles) => {
    expect(await shop.handles({ q })).toEqual(handles);
  });

  it.each(["'", '"', '&|!', ':*', 'a & !b', '\\', '%', 'the', '😀', '<->', "x'; DROP TABLE products; --"])(
    'for %p is a search like any other',
    async (q) => {
      expect((await shop.list({ q })).items.length).toBeLessThan(4);
    },
  );

  it('finds a title behind any number of newer texts with the same word', async () => {
    await add(productInput('the-teapot', { title: 'The Teapot' }));
    const others = Array.from({ length: 600 }, (_, n) => productInput(`filler-${n}`, { description: 'For a teapot.' }));
    const { job } = await shop.import(others.map((product) => JSON.stringify(product)).join('\n'), {
      format: 'ndjson',
    });
    expect(job.productsCreated).toBe(600);
    expect((await shop.handles({ q: 'teapot', limit: 2 }))[0]).toBe('the-teapot');
    expect(await pages({ q: 'teapot', sort: 'title' }, 100)).toHaveLength(601);
  });

  it('can be narrowed, ordered and paged', async () => {
    expect(await shop.handles({ q: 'coffee', sort: 'title' })).toEqual(['blue-mug', 'coffee-maker']);
    expect(await shop.handles({ q: 'cafe', category: 'drinks' })).toEqual(['cafe-creme']);
    expect(await shop.handles({ q: 'cafe', category: 'even-ones' })).toEqual([]);
    expect(await pages({ q: 'coffee' }, 1)).toEqual(['coffee-maker', 'blue-mug']);
  });
});

describe('a list of products of thousands of variants', () => {
  const handles = Array.from({ length: 12 }, (_, n) => `large-${String(n).padStart(2, '0')}`);
  beforeAll(async () => {
    for (const handle of handles) await add({ ...largeProduct(handle, 2_000, 20), category: 'Large' });
  });

  it.each(['newest', 'title', 'price', '-price', 'relevance'])(
    'by %s has fewer on a page, and misses none',
    async (sort) => {
      const input = { sort, category: 'large', ...(sort === 'relevance' && { q: 'large' }) };
      const { items, next } = await shop.list({ ...input, limit: 100 });
      expect(items.length).toBeGreaterThan(1);
      expect(items.length).toBeLessThan(10);
      expect(next).not.toBeNull();
      expect((await pages(input, 100)).toSorted()).toEqual(handles);
      expect((await pages(input, 2)).toSorted()).toEqual(handles);
    },
  );
});
