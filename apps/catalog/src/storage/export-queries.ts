import type { Content } from '../domain/product.js';
import { Prisma, type PrismaClient } from './prisma.js';
import { contentOf } from './stored-product.js';

/** A product as it is exported, with its version. */
export interface ExportedProduct {
  readonly version: number;
  readonly content: Content;
}

/** Products in the order of their handles, and whether they are the last. */
export interface ExportedPage {
  readonly products: readonly ExportedProduct[];
  /** Where the next page goes on; that product itself may have been removed meanwhile. */
  readonly lastHandle: string;
  /** The last product of the catalog is among them. */
  readonly isLast: boolean;
}

const MAX_PRODUCTS = 200;
// Roughly, in bytes. A catalog of products with two thousand variants each must not gather in memory either.
const PAGE_SIZE = 150_000;
const PRODUCT_SIZE = 400;
const VARIANT_SIZE = 300;

/** Queries of exports, inactive products included. */
export class ExportQueries {
  constructor(private readonly prisma: PrismaClient) {}

  /**
   * About a part's worth of products, the inactive too, in the order of their handles: from this one on, or behind it.
   */
  async page(handle: string, isIncluded: boolean): Promise<ExportedPage> {
    const sizes = await this.sizes(handle, isIncluded);
    let total = 0;
    const end = sizes.findIndex(({ size }) => (total += size) > PAGE_SIZE);
    const handles = (end === -1 ? sizes : sizes.slice(0, Math.max(1, end))).map((row) => row.handle);
    const rows = await this.prisma.product.findMany({
      where: { handle: { in: handles } },
      orderBy: { handle: 'asc' },
      include: { variants: { orderBy: { position: 'asc' } } },
    });
    return {
      products: rows.map((row) => ({ version: row.version, content: contentOf(row, row.variants) })),
      lastHandle: handles.at(-1) ?? handle,
      isLast: handles.length === sizes.length && sizes.length < MAX_PRODUCTS,
    };
  }

  private sizes(handle: string, isIncluded: boolean): Promise<{ handle: string; size: number }[]> {
    const behind = isIncluded ? Prisma.sql`>=` : Prisma.sql`>`;
    return this.prisma.$queryRaw`
      SELECT handle, octet_length(description) + ${PRODUCT_SIZE}::int + ${VARIANT_SIZE}::int * cardinality(skus) AS size
      FROM products WHERE handle ${behind} ${handle} ORDER BY handle LIMIT ${MAX_PRODUCTS}`;
  }
}
