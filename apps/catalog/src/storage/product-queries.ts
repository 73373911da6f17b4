import type { Product } from '@stoa/catalog-contract';
import type { PrismaClient } from './prisma.js';
import {
  listedOf,
  listQuery,
  type ListedPage,
  type ListPlace,
  type Order,
  type ProductFilter,
  type SummaryRow,
} from './product-list.js';
import { contentOf, productOf } from './stored-product.js';

/** Queries that anyone may make: of the active products. */
export class ProductQueries {
  constructor(private readonly prisma: PrismaClient) {}

  async find(handle: string): Promise<Product | undefined> {
    const row = await this.prisma.product.findUnique({
      where: { handle, active: true },
      include: { variants: { orderBy: { position: 'asc' } } },
    });
    if (!row) return undefined;
    const reserved = new Map(row.variants.map((variant) => [variant.sku, variant.reserved]));
    return productOf({ ...row, content: contentOf(row, row.variants), reserved });
  }

  /**
   * Up to `limit` products behind a place (null: from the beginning), one at least. The order `relevance` needs a
   * search.
   */
  async list(filter: ProductFilter, order: Order, after: ListPlace | null, limit: number): Promise<ListedPage> {
    const query = listQuery(filter, order, after, limit);
    const rows = query ? await this.prisma.$queryRaw<SummaryRow[]>(query) : [];
    return { listed: rows.map(listedOf), found: rows[0]?.found ?? 0 };
  }

  async categories(): Promise<{ handle: string; name: string; products: number }[]> {
    return this.prisma.category.findMany({ where: { products: { gt: 0 } }, orderBy: { handle: 'asc' } });
  }
}
