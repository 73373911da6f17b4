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
