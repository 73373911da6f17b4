import {
  command,
  Cursor,
  DownloadPart,
  event,
  Handle,
  pageLimit,
  pageOf,
  Price,
  query,
  service,
  Sku,
  state,
  UploadFrame,
  withoutLimits,
} from '@stoa/contract-kit';
import { z } from 'zod';
import { MAX_NAME_LENGTH, MAX_STOCK_ADJUSTMENT } from './limits.js';
import { Category, ImportJob, ImportProblem, Product, ProductInput, ProductSummary } from './product.js';
import { holds, stock } from './stock.js';

export * from './limits.js';
export * from './product.js';
export { HeldLine, type ShortLine, StockLevel, StockMovement } from './stock.js';

const Stock = withoutLimits(z.object({ sku: Sku, stock: z.int(), version: z.int().positive() }));
const ProductVersion = withoutLimits(z.object({ handle: Handle, version: z.int().positive() }));
const Currency = z.string().regex(/^[A-Z]{3}$/, 'an ISO 4217 code such as EUR');
const FileFormat = z.enum(['shopify', 'ndjson']);

/** The catalog: products, their variants, prices and stock. */
export const catalog = service(
  'catalog',
  { version: 4, title: 'Catalog', description: 'What is sold: products, their variants, prices and stock.' },
  {
    listProducts: query({
      http: 'GET /v1/products',
      summary: 'Browse and search products',
      caller: 'anyone',
      input: z.object({
        category: z.string().max(MAX_NAME_LENGTH).optional().describe("A category's handle"),
        tag: z.string().max(MAX_NAME_LENGTH).optional(),
        minPrice: z.int().min(0).optional().describe('Minor units'),
        maxPrice: z.int().min(0).optional().describe('Minor units'),
        q: z.string().trim().min(1).max(200).optional().describe('Words to look for in title, vendor, tags and text'),
        sort: z.enum(['relevance', 'newest', 'title', 'price', '-price']).optional(),
        limit: pageLimit(100),
        cursor: Cursor.optional(),
      }),
      output: pageOf(ProductSummary),
      errors: { BAD_CURSOR: 400 },
      cache: { maxAgeMs: 1000, tags: ['products'] },
    }),
    getProduct: query({
      http: 'GET /v1/products/{handle}',
      summary: 'Read a product',
      caller: 'anyone',
      input: z.object({ handle: Handle }),
      output: Product,
      etag: 'version',
      errors: { NOT_FOUND: 404 },
      cache: { maxAgeMs: 1000, tags: ['product:{handle}'] },
    }),
    listCategories: query({
      http: 'GET /v1/categories',
      summary: 'List the categories that have products',
      caller: 'anyone',
      input: z.object({}),
      output: z.object({ items: z.array(Category) }),
      cache: { maxAgeMs: 1000, tags: ['products'] },
    }),

    createProduct: command({
      http: 'POST /v1/products',
      summary: 'Create a product',
      caller: 'operator:catalog',
      key: 'input.handle',
      input: ProductInput,
      output: Product,
      status: 201,
      etag: 'version',
      location: '/v1/products/{handle}',
      errors: { HANDLE_TAKEN: 409, SKU_TAKEN: 409, BAD_PRODUCT: 422 },
    }),
    changeProduct: command({
      http: 'PATCH /v1/products/{handle}',
      summary: 'Change a product; fields that are not given stay, variants and images are replaced as a whole',
      caller: 'operator:catalog',
      key: 'input.handle',
      // Without their defaults: in a change, "not given" means "leave it".
      input: z.object({
        handle: Handle,
        title: ProductInput.shape.title.optional(),
        description: ProductInput.shape.description.unwrap().optional(),
        vendor: ProductInput.shape.vendor.unwrap().optional(),
        category: ProductInput.shape.category.unwrap().optional(),
        tags: ProductInput.shape.tags.unwrap().optional(),
        active: ProductInput.shape.active.unwrap().optional(),
        optionNames: ProductInput.shape.optionNames.unwrap().optional(),
        variants: ProductInput.shape.variants.optional(),
        images: ProductInput.shape.images.unwrap().optional(),
        seo: ProductInput.shape.seo.unwrap().optional(),
      }),
      output: Product,
      etag: 'version',
      ifMatch: true,
      errors: { NOT_FOUND: 404, SKU_TAKEN: 409, STOCK_HELD: 409, BAD_PRODUCT: 422 },
    }),
    removeProduct: command({
      http: 'DELETE /v1/products/{handle}',
      summary: 'Remove a product for good',
      caller: 'operator:catalog',
      key: 'input.handle',
      input: z.object({ handle: Handle }),
      output: z.object({}),
      status: 204,
      ifMatch: true,
      errors: { NOT_FOUND: 404, STOCK_HELD: 409 },
    }),
    changePrice: command({
      http: 'PUT /v1/variants/{sku}/price',
      summary: 'Set the price of a variant',
      caller: 'operator:catalog',
      key: 'input.sku',
      input: z.object({ sku: Sku, price: Price, compareAtPrice: Price.nullable().optional() }),
      output: Product,
      etag: 'version',
      errors: { NOT_FOUND: 404, BAD_PRODUCT: 422 },
    }),
    adjustStock: command({
      http: 'POST /v1/variants/{sku}/stock-adjustments',
      summary: 'Add to or take from the stock of a variant',
      caller: 'operator:catalog',
      key: 'input.sku',
      input: z.object({
        sku: Sku,
        delta: z
          .int()
          .min(-MAX_STOCK_ADJUSTMENT)
          .max(MAX_STOCK_ADJUSTMENT)
          .refine((delta) => delta !== 0, 'not 0'),
        reason: z.string().max(200).optional(),
      }),
      output: Stock,
      status: 201,
      errors: { NOT_FOUND: 404, NOT_ENOUGH_STOCK: 409 },
    }),

    ...stock,
    ...holds,

    importProducts: command({
      http: 'POST /v1/imports',
      summary: 'Import products from a Shopify product CSV or from NDJSON',
      caller: 'operator:catalog',
      key: 'command.id',
      input: z.object({
        format: FileFormat,
        file: z.string().min(1).max(255).default('upload').describe('Its name, for messages'),
        currency: Currency.default('USD').describe('Of the prices in a CSV, which names none'),
        upload: UploadFrame,
      }),
      output: ImportJob,
      status: 202,
      location: '/v1/imports/{id}',
      upload: { contentTypes: ['text/csv', 'application/x-ndjson'], maxBytes: 8 * 1024 ** 3 },
      errors: { BAD_FILE: 422 },
    }),
    getImport: query({
      http: 'GET /v1/imports/{id}',
      summary: "Read an import's progress",
      caller: 'operator:catalog',
      input: z.object({ id: z.string().min(1).max(100) }),
      output: ImportJob,
      errors: { NOT_FOUND: 404 },
    }),
    listImportProblems: query({
      http: 'GET /v1/imports/{id}/problems',
      summary: 'List what an import refused or ignored, in the order of the file',
      caller: 'operator:catalog',
      input: z.object({ id: z.string().min(1).max(100), limit: pageLimit(500), cursor: Cursor.optional() }),
      output: pageOf(ImportProblem),
      errors: { NOT_FOUND: 404, BAD_CURSOR: 400 },
    }),
    exportProducts: query({
      http: 'GET /v1/exports/products',
      summary: 'Download all products as a Shopify product CSV or as NDJSON',
      caller: 'operator:catalog',
      input: z.object({ format: FileFormat, cursor: Cursor.optional() }),
      output: DownloadPart,
      download: { filename: 'products' },
      errors: { BAD_CURSOR: 400 },
      budgetMs: 10_000,
    }),

    productChanged: event({
      summary: 'A product was created or changed: its text, prices, stock or variants',
      key: 'handle',
      data: ProductVersion,
      invalidates: ['product:{handle}', 'products'],
    }),
    productRemoved: event({
      summary: 'A product was removed for good',
      key: 'handle',
      data: ProductVersion,
      invalidates: ['product:{handle}', 'products'],
    }),

    variant: state({
      summary: 'A variant as other services need it; gone when it is not sold any more',
      key: 'sku',
      data: withoutLimits(
        z.object({
          sku: Sku,
          product: Handle,
          title: z.string().describe("The product's title, with the variant's where there are several"),
          imageUrl: z.string().nullable(),
          price: Price,
          /** In stock, or sold without. */
          available: z.boolean(),
          // Orders are priced by these. States of version 3 have none of them: each has a default.
          category: z.string().optional().describe("The category's handle; empty: in none"),
          tags: z.array(z.string()).optional(),
          grams: z.int().optional(),
          taxable: z.boolean().optional().describe('True where it is not given'),
          requiresShipping: z.boolean().optional().describe('True where it is not given'),
        }),
      ),
    }),
  },
);
