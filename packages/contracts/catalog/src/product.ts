import { Handle, Price, Sku, Timestamp } from '@stoa/contract-kit';
import { z } from 'zod';

const Text = z.string().max(500);

export const MAX_VARIANTS = 2000;
export const MAX_IMAGES = 250;

export const Image = z.object({
  url: z.string().min(1).max(2000).describe('Absolute, or a path below the shop such as /pictures/mug.svg'),
  alt: z.string().max(500).nullable().default(null),
});

/** One value per option of the product, in their order. */
export const Variant = z.object({
  sku: Sku,
  title: z.string().min(1).max(500).describe('Its option values, such as "Red / Large"'),
  options: z.array(z.string().min(1).max(255)).max(3),
  price: Price,
  compareAtPrice: Price.nullable().default(null),
  stock: z.int().min(-1_000_000_000).max(1_000_000_000),
  /** What happens when the stock is used up. */
  whenOutOfStock: z.enum(['deny', 'continue']).default('deny'),
  barcode: z.string().max(100).nullable().default(null),
  grams: z.int().min(0).max(1_000_000_000).default(0),
  taxable: z.boolean().default(true),
  requiresShipping: z.boolean().default(true),
  imageUrl: z.string().min(1).max(2000).nullable().default(null),
});
export type Variant = z.infer<typeof Variant>;

/** A product as operators write it, and as NDJSON imports and exports hold it, one a line. */
export const ProductInput = z.object({
  handle: Handle,
  title: z.string().trim().min(1).max(255),
  description: z.string().max(100_000).default('').describe('HTML; sanitised when it comes in'),
  vendor: Text.default(''),
  category: z.string().trim().max(255).default('').describe('Empty: in no category'),
  tags: z.array(z.string().trim().min(1).max(255)).max(250).default([]),
  active: z.boolean().default(true).describe('False: not shown and not sold'),
  optionNames: z.array(z.string().min(1).max(255)).max(3).default([]),
  variants: z.array(Variant).min(1).max(MAX_VARIANTS),
  images: z.array(Image).max(MAX_IMAGES).default([]),
  seo: z
    .object({ title: Text, description: z.string().max(5000) })
    .nullable()
    .default(null),
});
export type ProductInput = z.infer<typeof ProductInput>;

export const Product = ProductInput.extend({
  id: z.uuid(),
  version: z.int().positive(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Product = z.infer<typeof Product>;

/** A product in a list: without its description and with the range of its prices. */
export const ProductSummary = z.object({
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
});
export type ProductSummary = z.infer<typeof ProductSummary>;

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
