import type { ProductSummary } from '@stoa/catalog-contract';
import { Prisma } from './prisma.js';
import { rankBy } from './search-rank.js';
import { searchQuery, type LastWord } from './search-query.js';

export type Order = 'relevance' | 'newest' | 'title' | 'price' | '-price';

/** The filters of a product list; those left out let all pass. */
export interface ProductFilter {
  readonly category?: string | undefined;
  readonly tag?: string | undefined;
  readonly minPrice?: number | undefined;
  readonly maxPrice?: number | undefined;
  readonly q?: string | undefined;
  /** Of `q`; `whole` if not given. */
  readonly lastWord?: LastWord;
}

/** Where a page begins: behind this value of the order's column, and this id. */
export type ListPlace = readonly [value: string | number, id: string];

/** A product of a list with its own place in it. */
export interface Listed {
  readonly summary: ProductSummary;
  readonly place: ListPlace;
}

/** Products of a list, and how many there were before some were left out because others are large. */
export interface ListedPage {
  readonly listed: readonly Listed[];
  readonly found: number;
}

/** A row of the product list. */
export interface SummaryRow {
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
  readonly found: number;
}

/** SKUs and tags of a page: products of thousands of variants must not gather in memory, nor fill a reply. */
const PAGE_NAMES = 10_000;

// A search looks at so many products that have its words in the title, and at so many others. Ranking costs the most.
const RANKED = 1_000;
const SORTED = 2_000;

const COLUMNS = Prisma.sql`id, handle, title, vendor, category, tags, image_url, currency, min_price, max_price, available, skus`;

/** How an order is read from its index: by which column, of which type, and which way. */
const ORDERS = {
  newest: { column: Prisma.sql`created_at`, cast: Prisma.sql`timestamptz`, isDescending: true },
  title: { column: Prisma.sql`title_key`, cast: Prisma.sql`text`, isDescending: false },
  price: { column: Prisma.sql`min_price`, cast: Prisma.sql`bigint`, isDescending: false },
  '-price': { column: Prisma.sql`min_price`, cast: Prisma.sql`bigint`, isDescending: true },
  relevance: { column: Prisma.sql`rank`, cast: Prisma.sql`real`, isDescending: true },
} as const satisfies Record<Order, object>;

function conditions({ category, tag, minPrice, maxPrice }: ProductFilter): Prisma.Sql {
  const all = [
    Prisma.sql`active`,
    category === undefined ? null : Prisma.sql`category_handle = ${category}`,
    tag === undefined ? null : Prisma.sql`tags @> ARRAY[${tag}]`,
    minPrice === undefined ? null : Prisma.sql`min_price >= ${minPrice}::bigint`,
    maxPrice === undefined ? null : Prisma.sql`min_price <= ${maxPrice}::bigint`,
  ];
  return Prisma.join(
    all.filter((condition) => condition !== null),
    ' AND ',
  );
}

/** The products that a search finds, as a source for `page`. */
function found(search: Prisma.Sql, filter: ProductFilter, order: Order): Prisma.Sql {
  const { category = null, tag = null, minPrice = null, maxPrice = null } = filter;
  const most = order === 'relevance' ? RANKED : SORTED;
  const ids = Prisma.sql`SELECT search_products(
    ${search}, ${most}::int, ${category}::text, ${tag}::text, ${minPrice}::bigint, ${maxPrice}::bigint)`;
  if (order !== 'relevance') return Prisma.sql`products WHERE id IN (${ids})`;
  return Prisma.sql`(SELECT *, ${rankBy(search)} AS rank FROM products WHERE id IN (${ids})) AS ranked WHERE true`;
}

function page(source: Prisma.Sql, order: Order, after: ListPlace | null, limit: number): Prisma.Sql {
  const { column, cast, isDescending } = ORDERS[order];
  const [comparison, direction] = isDescending ? [Prisma.sql`<`, Prisma.sql`DESC`] : [Prisma.sql`>`, Prisma.sql`ASC`];
  const behind = after
    ? Prisma.sql`AND (${column}, id) ${comparison} (${after[0]}::${cast}, ${after[1]}::uuid)`
    : Prisma.empty;
  const rows = Prisma.sql`SELECT ${COLUMNS}, ${column} AS place FROM ${source} ${behind}
    ORDER BY ${column} ${direction}, id ${direction} LIMIT ${limit}`;
  return Prisma.sql`SELECT * FROM (
      SELECT *, count(*) OVER ()::int AS found, sum(cardinality(skus) + cardinality(tags)) OVER earlier AS names
      FROM (${rows}) AS rows
      WINDOW earlier AS (ORDER BY place ${direction}, id ${direction} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ) AS page WHERE names IS NULL OR names < ${PAGE_NAMES} ORDER BY place ${direction}, id ${direction}`;
}

/**
 * Up to `limit` products behind a place (null: from the beginning), fewer where they are large, as rows for `listedOf`.
 * Null: nothing is looked for, and nothing found. The order `relevance` needs a search.
 */
export function listQuery(
  filter: ProductFilter,
  order: Order,
  after: ListPlace | null,
  limit: number,
): Prisma.Sql | null {
  if (filter.q === undefined) return page(Prisma.sql`products WHERE ${conditions(filter)}`, order, after, limit);
  const search = searchQuery(filter.q, filter.lastWord ?? 'whole');
  return search && page(found(search, filter, order), order, after, limit);
}

function placeOf({ place, id }: SummaryRow): ListPlace {
  if (place instanceof Date) return [place.toISOString(), id];
  return [typeof place === 'bigint' ? Number(place) : place, id];
}

/** A product of a list, of its row. */
export const listedOf = (row: SummaryRow): Listed => ({
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
