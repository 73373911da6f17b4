import { Handle, Price, Sku, Timestamp, withoutLimits } from '@stoa/contract-kit';
import { z } from 'zod';
import {
  MAX_BARCODE_LENGTH,
  MAX_DESCRIPTION_LENGTH,
  MAX_GRAMS,
  MAX_IMAGES,
  MAX_NAME_LENGTH,
  MAX_OPTIONS,
  MAX_SEO_DESCRIPTION_LENGTH,
  MAX_STOCK,
  MAX_TAGS,
  MAX_TEXT_LENGTH,
  MAX_URL_LENGTH,
  MAX_VARIANT_TITLE_LENGTH,
  MAX_VARIANTS,
  MIN_STOCK,
} from './limits.js';

const Name = z.string().min(1).max(MAX_NAME_LENGTH);
const Text = z.string().max(MAX_TEXT_LENGTH);
const Url = z.string().min(1).max(MAX_URL_LENGTH);

/** A picture of a product. */
export const Image = z.object({
  url: Url.describe('Absolute, or a path below the shop such as /pictures/mug.svg'),
  alt: Text.nullable().default(null),
});

/** One value per option of the product, in their order. */
export const Variant = z.object({
  sku: Sku,
  title: z.string().min(1).max(MAX_VARIANT_TITLE_LENGTH).describe('Its option values, such as "Red / Large"'),
  options: z.array(Name).max(MAX_OPTIONS),
  price: Price,
  compareAtPrice: Price.nullable().default(null),
  stock: z.int().min(MIN_STOCK).max(MAX_STOCK),
  /** Whether it is sold when the stock is used up. */
  whenOutOfStock: z.enum(['deny', 'continue']).default('deny'),
  barcode: z.string().max(MAX_BARCODE_LENGTH).nullable().default(null),
  grams: z.int().min(0).max(MAX_GRAMS).default(0),
  taxable: z.boolean().default(true),
  requiresShipping: z.boolean().default(true),
  imageUrl: Url.nullable().default(null),
});
export type Variant = z.infer<typeof Variant>;

/** A product as operators write it, and as NDJSON imports and exports hold it, one a line. */
export const ProductInput = z.object({
  handle: Handle,
  title: z.string().trim().min(1).max(MAX_NAME_LENGTH),
  description: z.string().max(MAX_DESCRIPTION_LENGTH).default('').describe('HTML; sanitised when it comes in'),
  vendor: Text.default(''),
  category: z.string().trim().max(MAX_NAME_LENGTH).default('').describe('Empty: in no category'),
  tags: z.array(z.string().trim().min(1).max(MAX_NAME_LENGTH)).max(MAX_TAGS).default([]),
  active: z.boolean().default(true).describe('False: not shown and not sold'),
  optionNames: z.array(Name).max(MAX_OPTIONS).default([]),
  variants: z.array(Variant).min(1).max(MAX_VARIANTS),
  images: z.array(Image).max(MAX_IMAGES).default([]),
  seo: z
    .object({ title: Text, description: z.string().max(MAX_SEO_DESCRIPTION_LENGTH) })
    .nullable()
    .default(null),
});
export type ProductInput = z.infer<typeof ProductInput>;

/** A product as it is stored: an input's fields, which may be from before a limit was lowered. */
export const Product = withoutLimits(ProductInput).extend({
  variants: z
    .array(
      withoutLimits(Variant).extend({
        available: z.int().optional().describe('Stock less what orders hold'),
      }),
    )
    .min(1),
  id: z.uuid(),
  version: z.int().positive(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Product = z.infer<typeof Product>;

/** A product in a list: without its description and with the range of its prices. */
export const ProductSummary = withoutLimits(
  z.object({
    id: z.uuid(),
    handle: Handle,
    title: z.string(),
    vendor: z.string(),
    category: z.string(),
    tags: z.array(z.string()),
    imageUrl: z.string().nullable(),
    minPrice: Price,
    maxPrice: Price,
    available: z.boolean(),
    skus: z.array(Sku).describe('The SKUs of its variants, in their order'),
  }),
);
export type ProductSummary = z.infer<typeof ProductSummary>;

/** A category that has products. */
export const Category = z.object({ handle: z.string(), name: z.string(), products: z.int().min(0) });
export type Category = z.infer<typeof Category>;

/** Something that an import found wrong with a row, or only mentions. */
export const ImportProblem = z.object({
  line: z.int().min(1).describe('Line of the file, counted from 1'),
  column: z.string().nullable().describe('The column or field, null when the whole row is meant'),
  product: z.string().nullable().describe('The handle, where it could be read'),
  reason: z.string(),
  refused: z
    .boolean()
    .describe('True: the row did not go in. False: only mentioned, such as an unknown column that is ignored'),
});
export type ImportProblem = z.infer<typeof ImportProblem>;

/** An import's progress. `receiving` until its last frame is there, then `running` until `done` or `failed`. */
export const ImportJob = z.object({
  id: z.string(),
  file: z.string(),
  format: z.enum(['shopify', 'ndjson']),
  status: z.enum(['receiving', 'running', 'done', 'failed']),
  bytesReceived: z.int().min(0),
  bytesProcessed: z.int().min(0),
  productsCreated: z.int().min(0),
  productsChanged: z.int().min(0),
  productsUnchanged: z.int().min(0),
  rowsRefused: z.int().min(0).describe('Rows of the file that did not go in; of NDJSON, lines'),
  failure: z.string().nullable().describe('Why the whole file was given up, such as an encoding that is not UTF-8'),
  startedAt: Timestamp,
  finishedAt: Timestamp.nullable(),
});
export type ImportJob = z.infer<typeof ImportJob>;
