import type { Content } from '../domain/product.js';
import type { PrismaClient } from './prisma.js';
import { contentOf } from './stored-product.js';

export interface ExportedProduct {
  readonly version: number;
  readonly content: Content;
}

export class ExportQueries {
  constructor(private readonly prisma: PrismaClient) {}

  /** Up to `limit` products, the inactive too, in the order of their handles: from this one on, or behind it. */
  async products(handle: string, isIncluded: boolean, limit: number): Promise<ExportedProduct[]> {
    const rows = await this.prisma.product.findMany({
      where: { handle: isIncluded ? { gte: handle } : { gt: handle } },
      orderBy: { handle: 'asc' },
      take: limit,
      include: { variants: { orderBy: { position: 'asc' } } },
    });
    return rows.map((row) => ({ version: row.version, content: contentOf(row, row.variants) }));
  }
}
