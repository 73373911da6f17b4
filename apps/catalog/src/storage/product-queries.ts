import type { Product, ProductSummary } from '@stoa/catalog-contract';
import { Prisma, type PrismaClient } from './prisma.js';
import { contentOf, productOf } from './stored-product.js';
import { searchQuery } from './search.js';

export type Order = 'relevance' | 'newest' | 'title' | 'price' | '-price';

export interface ProductFilter {
  readonly category?: string | undefined;
  readonly tag?: string | undefined;
  readonly minPrice?: number | undefined;
  readonly maxPrice?: number | undefined;
  readonly q?: string | undefined;
}

/** Where a page begins: behind this value of the order's column, and this id. */
export type ListPlace = readonly [value: string | number, id: string];

/** A product of a list with its own place in it. */
export interface Listed {
  readonly summary: ProductSummary;
  readonly place: ListPlace;
}

interface SummaryRow {
  readonly id: string;
  readonly handle: string;
  readonly title: string;
  readonly vendor: string;
  readonly category: string;
  readonly tags: readonly string[];
  readonly image_url: string | null;
  readonly currency: string;
  readonly min_price: bigint;
  readonly max_price: bigint;
  readonly available: boolean;
  readonly skus: readonly string[];
  readonly place: string | number | bigint | Date;
}

// Ranking reads each row that it ranks. A word of a hundred thousand products must not cost as much: of these, the newest
// are ranked.
const RANKED = 1_000;

const COLUMNS = Prisma.sql`id, handle, title, vendor, category, tags, image_url, currency, min_price, max_price, available, skus`;

/** How an order is read from its index: by which column, of which type, and which way. */
const ORDERS = {
  newest: { column: Prisma.sql`created_at`, cast: Prisma.sql`timestamptz`, isDescending: true },
  title: { column: Prisma.sql`title_key`, cast: Prisma.sql`text`, isDescending: false },
  price: { column: Prisma.sql`min_price`, cast: Prisma.sql`bigint`, isDescending: false },
  '-price': { column: Prisma.sql`min_price`, cast: Prisma.sql`bigint`, isDescending: true },
  relevance: { column: Prisma.sql`rank`, cast: Prisma.sql`real`, isDescending: true },
} as const satisfies Record<Order, object>;

function conditions(filter: ProductFilter, search: Prisma.Sql | null): Prisma.Sql {
  const { category, tag, minPrice, maxPrice } = filter;
  const all = [
    Prisma.sql`active`,
    category === undefined ? null : Prisma.sql`category_handle = ${category}`,
    tag === undefined ? null : Prisma.sql`tags @> ARRAY[${tag}]`,
    minPrice === undefined ? null : Prisma.sql`min_price >= ${minPrice}::bigint`,
    maxPrice === undefined ? null : Prisma.sql`min_price <= ${maxPrice}::bigint`,
    search && Prisma.sql`search @@ ${search}`,
  ];
  return Prisma.join(
    all.filter((condition) => condition !== null),
    ' AND ',
  );
}

function page(source: Prisma.Sql, order: Order, after: ListPlace | null, limit: number): Prisma.Sql {
  const { column, cast, isDescending } = ORDERS[order];
  const [comparison, direction] = isDescending ? [Prisma.sql`<`, Prisma.sql`DESC`] : [Prisma.sql`>`, Prisma.sql`ASC`];
  const behind = after
    ? Prisma.sql`AND (${column}, id) ${comparison} (${after[0]}::${cast}, ${after[1]}::uuid)`
    : Prisma.empty;
  return Prisma.sql`SELECT ${COLUMNS}, ${column} AS place FROM ${source} ${behind}
    ORDER BY ${column} ${direction}, id ${direction} LIMIT ${limit}`;
}

function placeOf({ place, id }: SummaryRow): ListPlace {
  if (place instanceof Date) return [place.toISOString(), id];
  return [typeof place === 'bigint' ? Number(place) : place, id];
}

const listedOf = (row: SummaryRow): Listed => ({
  summary: {
    id: row.id,
    handle: row.handle,
    title: row.title,
    vendor: row.vendor,
    category: row.category,
    tags: [...row.tags],
    imageUrl: row.image_url,
    minPrice: { amount: Number(row.min_price), currency: row.currency },
    maxPrice: { amount: Number(row.max_price), currency: row.currency },
    available: row.available,
    skus: [...row.skus],
  },
  place: placeOf(row),
});

/** What anyone may read of products: the active ones. */
export class ProductQueries {
  constructor(private readonly prisma: PrismaClient) {}

  async find(handle: string): Promise<Product | undefined> {
    const row = await this.prisma.product.findUnique({
      where: { handle, active: true },
      include: { variants: { orderBy: { position: 'asc' } } },
    });
    return row ? productOf({ ...row, content: contentOf(row, row.variants) }) : undefined;
  }

  /** Up to `limit` products behind a place (null: from the beginning). `relevance` needs a search. */
  async list(filter: ProductFilter, order: Order, after: ListPlace | null, limit: number): Promise<Listed[]> {
    const search = filter.q === undefined ? null : searchQuery(filter.q);
    if (filter.q !== undefined && !search) return [];
    const where = conditions(filter, search);
    const ranked = Prisma.sql`(SELECT *, ts_rank(search, ${search}, 1) AS rank FROM
      (SELECT * FROM products WHERE ${where} ORDER BY created_at DESC, id DESC LIMIT ${RANKED}) AS newest) AS ranked WHERE true`;
    const source = order === 'relevance' ? ranked : Prisma.sql`products WHERE ${where}`;
    const rows = await this.prisma.$queryRaw<SummaryRow[]>(page(source, order, after, limit));
    return rows.map(listedOf);
  }

  async categories(): Promise<{ handle: string; name: string; products: number }[]> {
    return this.prisma.category.findMany({ where: { products: { gt: 0 } }, orderBy: { handle: 'asc' } });
  }
}
