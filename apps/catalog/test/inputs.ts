import type { ProductInput } from '@stoa/catalog-contract';

/** A product with one variant, to be changed as a test needs it. */
export const productInput = (handle: string, changes: Partial<ProductInput> = {}): ProductInput => ({
  handle,
  title: `Product ${handle}`,
  description: '',
  vendor: '',
  category: '',
  tags: [],
  active: true,
  optionNames: [],
  variants: [variantInput(`${handle}-sku`)],
  images: [],
  seo: null,
  ...changes,
});

export const variantInput = (
  sku: string,
  changes: Partial<ProductInput['variants'][number]> = {},
): ProductInput['variants'][number] => ({
  sku,
  title: 'Default Title',
  options: [],
  price: { amount: 1000, currency: 'USD' },
  compareAtPrice: null,
  stock: 5,
  whenOutOfStock: 'deny',
  barcode: null,
  grams: 0,
  taxable: true,
  requiresShipping: true,
  imageUrl: null,
  ...changes,
});

/** A product of many variants, each with a picture and with texts of so many characters. */
export const largeProduct = (handle: string, variants: number, characters = 500): ProductInput =>
  productInput(handle, {
    description: 'd'.repeat(20_000),
    optionNames: ['Colour', 'Size'],
    variants: Array.from({ length: variants }, (_, n) =>
      variantInput(`${handle}-${n}`, {
        title: `Variant ${n}`,
        options: [`Colour ${n}`, 'Large'],
        imageUrl: `/pictures/${String(n).padEnd(characters, 'x')}.svg`,
      }),
    ),
    images: Array.from({ length: 250 }, (_, n) => ({ url: `/pictures/${handle}-${n}.svg`, alt: 'a'.repeat(200) })),
  });
