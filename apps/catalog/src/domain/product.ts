import {
  MAX_DESCRIPTION_LENGTH,
  MAX_IMAGES,
  MAX_VARIANT_TITLE_LENGTH,
  MAX_VARIANTS,
  type ProductInput,
  type Variant,
} from '@stoa/catalog-contract';
import type { Problem } from '@stoa/contract-kit';
import { createHash } from 'node:crypto';
import { sanitise, type HtmlLibrary } from './html.js';
import { isCurrency } from './money.js';
import { slug, textFault } from './text.js';

/** The part of a product that operators decide, in its one normal form (see `normalise`). */
export type Content = ProductInput;

/** The title of a variant without options, as Shopify writes it. */
export const DEFAULT_VARIANT_TITLE = 'Default Title';
/** Bytes of a product's JSON: what a line of NDJSON may have, and half of what the largest answer may. */
const MAX_BYTES = 4 * 1024 * 1024;

const orNull = (text: string | null): string | null => text?.trim() || null;

/** A variant's title as its options say it: "Red / Large". */
export const titleOf = (options: readonly string[]): string =>
  options.join(' / ').slice(0, MAX_VARIANT_TITLE_LENGTH) || DEFAULT_VARIANT_TITLE;

function normalVariant(variant: Variant, options: readonly string[]): Variant {
  const price = (money: Variant['price']) => ({ amount: money.amount, currency: money.currency });
  return {
    sku: variant.sku,
    title: variant.title.trim() || titleOf(options),
    options: options.map((option) => option.trim()),
    price: price(variant.price),
    compareAtPrice: variant.compareAtPrice && price(variant.compareAtPrice),
    stock: variant.stock,
    whenOutOfStock: variant.whenOutOfStock,
    barcode: orNull(variant.barcode),
    grams: variant.grams,
    taxable: variant.taxable,
    requiresShipping: variant.requiresShipping,
    imageUrl: variant.imageUrl,
  };
}

/** How Shopify writes a product that has no options: one called Title with the value Default Title. */
const isWithoutOptions = ({ optionNames, variants }: Content): boolean =>
  variants.length === 1 &&
  optionNames.length === 1 &&
  optionNames[0] === 'Title' &&
  variants[0]?.options.length === 1 &&
  variants[0].options[0] === DEFAULT_VARIANT_TITLE;

function normalSeo(seo: Content['seo']): Content['seo'] {
  const normal = { title: seo?.title.trim() ?? '', description: seo?.description.trim() ?? '' };
  return normal.title || normal.description ? normal : null;
}

/**
 * The one form in which equal products are equal, whichever way they came (JSON, NDJSON, CSV): HTML sanitised, no white
 * space around texts, no tag twice, null instead of empty, fields in one order.
 */
export function normalise(input: Content, library: HtmlLibrary): Content {
  const bare = isWithoutOptions(input);
  return {
    handle: input.handle,
    title: input.title,
    description: sanitise(input.description, library).trim(),
    vendor: input.vendor.trim(),
    category: input.category,
    tags: [...new Set(input.tags)],
    active: input.active,
    optionNames: bare ? [] : input.optionNames.map((name) => name.trim()),
    variants: input.variants.map((variant) => normalVariant(variant, bare ? [] : variant.options)),
    images: input.images.map(({ url, alt }) => ({ url, alt: orNull(alt) })),
    seo: normalSeo(input.seo),
  };
}

/** A content as shoppers may buy it: its stock less what orders hold. */
export function lessReserved(content: Content, reserved: ReadonlyMap<string, number>): Content {
  if (reserved.size === 0) return content;
  const less = (variant: Variant): Variant => ({ ...variant, stock: variant.stock - (reserved.get(variant.sku) ?? 0) });
  return { ...content, variants: content.variants.map(less) };
}

/** Equal for equal contents in normal form. */
export const contentHash = (content: Content): Buffer => createHash('sha256').update(JSON.stringify(content)).digest();

const URL_FORM = /^(?:https?:\/\/[^\s]+|\/(?!\/)[^\s]*|data:image\/[^\s]+)$/i;
/** Whether a picture can be loaded from it: `URL_RULE` says what is allowed. */
export const isUrl = (url: string): boolean => URL_FORM.test(url);
export const URL_RULE = 'must be an http(s) URL, a path that starts with /, or a data:image URL';

function* textFaults(value: unknown, pointer: string): Generator<Problem> {
  if (typeof value === 'string') {
    const fault = textFault(value);
    if (fault) yield { pointer, detail: fault };
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, field] of Object.entries(value)) yield* textFaults(field, `${pointer}/${key}`);
  }
}

/** Why one variant can't be in this product; `earlier`: those before it. */
export function* variantFaults(
  variant: Variant,
  optionNames: readonly string[],
  earlier: { readonly skus: ReadonlySet<string>; readonly options: ReadonlySet<string>; readonly currency: string },
): Generator<{ readonly field: string; readonly detail: string }> {
  const { sku, options, price, compareAtPrice, imageUrl } = variant;
  if (earlier.skus.has(sku)) yield { field: 'sku', detail: `is the SKU of another variant of this product: ${sku}` };
  if (options.length !== optionNames.length) {
    yield { field: 'options', detail: `needs one value for each of the product's ${optionNames.length} options` };
  } else if (options.includes('')) {
    yield { field: 'options', detail: 'has an option that is blank' };
  } else if (earlier.options.has(JSON.stringify(options))) {
    yield { field: 'options', detail: `has the same options as another variant: ${titleOf(options)}` };
  }
  if (!isCurrency(price.currency)) yield { field: 'price', detail: `is in an unknown currency: ${price.currency}` };
  if (price.currency !== earlier.currency) {
    yield { field: 'price', detail: `is in ${price.currency}, another variant's in ${earlier.currency}` };
  }
  if (compareAtPrice && compareAtPrice.currency !== price.currency) {
    yield { field: 'compareAtPrice', detail: `is in ${compareAtPrice.currency}, the price in ${price.currency}` };
  }
  if (imageUrl !== null && !isUrl(imageUrl)) yield { field: 'imageUrl', detail: URL_RULE };
}

function* variantsFaults({ variants, optionNames }: Content): Generator<Problem> {
  if (variants.length > MAX_VARIANTS) yield { pointer: '/variants', detail: `are more than ${MAX_VARIANTS}` };
  const earlier = { skus: new Set<string>(), options: new Set<string>(), currency: variants[0]?.price.currency ?? '' };
  for (const [index, variant] of variants.entries()) {
    for (const { field, detail } of variantFaults(variant, optionNames, earlier)) {
      yield { pointer: `/variants/${index}/${field}`, detail };
    }
    earlier.skus.add(variant.sku);
    earlier.options.add(JSON.stringify(variant.options));
  }
}

/** Faults of the product's own fields, those of its variants apart. */
export function* productFaults(content: Omit<Content, 'variants'>): Generator<Problem> {
  yield* textFaults(content, '');
  if (content.description.length > MAX_DESCRIPTION_LENGTH) {
    yield {
      pointer: '/description',
      detail: `is longer than ${MAX_DESCRIPTION_LENGTH} characters once it is sanitised`,
    };
  }
  if (content.category !== '' && slug(content.category) === '') {
    yield { pointer: '/category', detail: 'needs a letter or a digit, which its handle is made of' };
  }
  for (const [index, tag] of content.tags.entries()) {
    // Shopify's CSV separates tags by commas, so that one with a comma would come back as two.
    if (tag.includes(',')) yield { pointer: `/tags/${index}`, detail: "can't hold a comma" };
  }
  if (content.images.length > MAX_IMAGES) yield { pointer: '/images', detail: `are more than ${MAX_IMAGES}` };
  for (const [index, { url }] of content.images.entries()) {
    if (!isUrl(url)) yield { pointer: `/images/${index}/url`, detail: URL_RULE };
  }
}

/** A product whose parts are all within their bounds may still be too large to be read in one answer. */
function* sizeFaults(content: Content): Generator<Problem> {
  const bytes = Buffer.byteLength(JSON.stringify(content));
  if (bytes <= MAX_BYTES) return;
  const [has, most] = [bytes, MAX_BYTES].map((size) => (size / 1024 ** 2).toFixed(1));
  yield {
    pointer: '/variants',
    detail: `make the product too large: with its texts and pictures it takes ${has} MiB, of ${most} at the most. Shorten \
titles and addresses of pictures, or divide it into several products`,
  };
}

/** The faults that the schema can't find and that keep a product in normal form out of the catalog. */
export function faultsOf(content: Content): Problem[] {
  const { variants, ...product } = content;
  const faults = [...productFaults(product), ...textFaults(variants, '/variants'), ...variantsFaults(content)];
  return [...faults, ...sizeFaults(content)];
}
