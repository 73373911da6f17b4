import type { catalog, Variant } from '@stoa/catalog-contract';
import type { DataOf } from '@stoa/contract-kit';
import { categoryHandle, isAvailable } from './derived.js';
import type { Content } from './product.js';

export type VariantState = DataOf<typeof catalog.variant>;

/** The fields of a product that its variants' states show. */
export interface StatedProduct {
  readonly handle: string;
  readonly title: string;
  readonly active: boolean;
  readonly imageUrl: string | null;
  /** It has more than one variant. */
  readonly several: boolean;
  readonly category: string;
  readonly tags: readonly string[];
}

/** A variant as other services need it; null while it is not sold. */
export function stateOf(product: StatedProduct, variant: Variant): VariantState | null {
  if (!product.active) return null;
  return {
    sku: variant.sku,
    product: product.handle,
    title: product.several ? `${product.title} – ${variant.title}` : product.title,
    imageUrl: variant.imageUrl ?? product.imageUrl,
    price: variant.price,
    available: isAvailable(variant),
    category: categoryHandle(product.category) ?? '',
    tags: [...product.tags],
    grams: variant.grams,
    taxable: variant.taxable,
    requiresShipping: variant.requiresShipping,
  };
}

const statesOf = (content: Content | null): Map<string, VariantState | null> => {
  if (!content) return new Map();
  const { handle, title, active, images, variants, category, tags } = content;
  const several = variants.length > 1;
  const product = { handle, title, active, imageUrl: images[0]?.url ?? null, several, category, tags };
  return new Map(variants.map((variant) => [variant.sku, stateOf(product, variant)]));
};

/**
 * The states that a change of a product alters, by SKU; null: not sold any more. A new variant that is not sold has
 * none.
 */
export function changedStates(before: Content | null, after: Content | null): Map<string, VariantState | null> {
  const [old, current] = [statesOf(before), statesOf(after)];
  const changed = new Map<string, VariantState | null>();
  for (const [sku, state] of current) {
    if (JSON.stringify(state) !== JSON.stringify(old.get(sku) ?? null)) changed.set(sku, state);
  }
  for (const [sku, state] of old) if (state && !current.has(sku)) changed.set(sku, null);
  return changed;
}
