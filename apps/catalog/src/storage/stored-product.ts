import type { Product } from '@stoa/catalog-contract';
import type { Content } from '../domain/product.js';

/** A product as it is in the database. */
export interface StoredProduct {
  readonly id: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** In normal form. */
  readonly content: Content;
  /** Of the last published state of each variant; 0 where none was. */
  readonly variantVersions: ReadonlyMap<string, number>;
  /** Pieces that orders hold, by SKU, where they hold any. */
  readonly reserved: ReadonlyMap<string, number>;
}

/**
 * Columns of `products` that make its content; bigint columns come as bigint, text or number, as the driver reads them.
 */
export interface ProductRow {
  readonly handle: string;
  readonly title: string;
  readonly description: string;
  readonly vendor: string;
  readonly category: string;
  readonly tags: readonly string[];
  readonly active: boolean;
  readonly optionNames: readonly string[];
  readonly images: unknown;
  readonly seoTitle: string | null;
  readonly seoDescription: string | null;
}

/** Columns of `variants` that make its content. */
export interface VariantRow {
  readonly sku: string;
  readonly title: string;
  readonly options: readonly string[];
  readonly price: bigint | string | number;
  readonly currency: string;
  readonly compareAtPrice: bigint | string | number | null;
  readonly stock: number;
  readonly oversell: boolean;
  readonly barcode: string | null;
  readonly grams: number;
  readonly taxable: boolean;
  readonly requiresShipping: boolean;
  readonly imageUrl: string | null;
}

/** The content of a variant, of its row. */
export function variantOf(row: VariantRow): Content['variants'][number] {
  const money = (amount: bigint | string | number) => ({ amount: Number(amount), currency: row.currency });
  return {
    sku: row.sku,
    title: row.title,
    options: [...row.options],
    price: money(row.price),
    compareAtPrice: row.compareAtPrice === null ? null : money(row.compareAtPrice),
    stock: row.stock,
    whenOutOfStock: row.oversell ? 'continue' : 'deny',
    barcode: row.barcode,
    grams: row.grams,
    taxable: row.taxable,
    requiresShipping: row.requiresShipping,
    imageUrl: row.imageUrl,
  };
}

/** The fields stand in the order of `normalise`: an equal product gives an equal hash. */
export function contentOf(row: ProductRow, variants: readonly VariantRow[]): Content {
  const { seoTitle, seoDescription } = row;
  const images = row.images as Content['images'];
  return {
    handle: row.handle,
    title: row.title,
    description: row.description,
    vendor: row.vendor,
    category: row.category,
    tags: [...row.tags],
    active: row.active,
    optionNames: [...row.optionNames],
    variants: variants.map(variantOf),
    images: images.map(({ url, alt }) => ({ url, alt })),
    seo: seoTitle || seoDescription ? { title: seoTitle ?? '', description: seoDescription ?? '' } : null,
  };
}

/** The product as the contract shows it. */
export const productOf = ({
  id,
  version,
  createdAt,
  updatedAt,
  content,
  reserved,
}: Omit<StoredProduct, 'variantVersions'>): Product => ({
  ...content,
  variants: content.variants.map((variant) => ({
    ...variant,
    available: variant.stock - (reserved.get(variant.sku) ?? 0),
  })),
  id,
  version,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});
