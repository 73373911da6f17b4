import type { Content } from './product.js';
import { plainText } from './html.js';
import { fold, slug, wordsOf } from './text.js';

// Enough for any title to sort by; an index entry must stay small.
const TITLE_KEY_LENGTH = 100;
// The search reads this far into a description: the vectors of a million products have to fit.
const SEARCHED_TEXT = 5_000;

/** The fields of a product that lists and the search need, so that they read one row for each. */
export interface Derived {
  readonly categoryHandle: string | null;
  readonly imageUrl: string | null;
  readonly currency: string;
  readonly minPrice: number;
  readonly maxPrice: number;
  readonly available: boolean;
  readonly skus: readonly string[];
  readonly titleKey: string;
  /** Words, most important first: title; vendor, category and tags; description. */
  readonly searchTexts: readonly [title: string, labels: string, description: string];
}

/** Whether a variant can be bought: it is in stock, or sold without. */
export const isAvailable = (variant: { stock: number; whenOutOfStock: 'deny' | 'continue' }): boolean =>
  variant.stock > 0 || variant.whenOutOfStock === 'continue';

/** A category's name in URLs; null for no category. */
export const categoryHandle = (category: string): string | null => (category === '' ? null : slug(category));

const titleKey = (title: string): string => fold(title).slice(0, TITLE_KEY_LENGTH);

const searched = (text: string): string => wordsOf(text).join(' ');

/** The derived fields of a product in normal form. */
export function derive(content: Content): Derived {
  const prices = content.variants.map(({ price }) => price.amount);
  return {
    categoryHandle: categoryHandle(content.category),
    imageUrl: content.images[0]?.url ?? null,
    currency: content.variants[0]?.price.currency ?? '',
    // Not Math.min(...prices): a product may have thousands of variants.
    minPrice: prices.reduce((a, b) => Math.min(a, b), Infinity),
    maxPrice: prices.reduce((a, b) => Math.max(a, b), 0),
    available: content.variants.some(isAvailable),
    skus: content.variants.map(({ sku }) => sku),
    titleKey: titleKey(content.title),
    searchTexts: [
      searched(content.title),
      searched([content.vendor, content.category, ...content.tags].join(' ')),
      searched(plainText(content.description).slice(0, SEARCHED_TEXT)),
    ],
  };
}
