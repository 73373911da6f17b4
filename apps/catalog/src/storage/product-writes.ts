import type { Sql } from '@stoa/postgres';
import { LETTERS } from './search-rank.js';
import { derive } from '../domain/derived.js';
import { contentHash, lessReserved, type Content } from '../domain/product.js';

/** Another product has this handle. */
export class HandleTaken extends Error {
  override readonly name = 'HandleTaken';
  constructor(readonly handle: string) {
    super(`The handle ${handle} is taken`);
  }
}

/** A product to be written, under its new version. */
export interface ProductWrite {
  readonly id: string;
  readonly version: number;
  readonly after: Content | null;
  /** Pieces that orders hold, by SKU. */
  readonly reserved: ReadonlyMap<string, number>;
}

/** Column → its type in the JSON that a statement gets, and how its value is read from there (`p`). */
const COLUMNS: readonly (readonly [column: string, type: string, value?: string])[] = [
  ['handle', 'text'],
  ['title', 'text'],
  ['description', 'text'],
  ['vendor', 'text'],
  ['category', 'text'],
  ['category_handle', 'text'],
  ['tags', 'text[]'],
  ['active', 'boolean'],
  ['option_names', 'text[]'],
  ['images', 'jsonb'],
  ['seo_title', 'text'],
  ['seo_description', 'text'],
  ['version', 'int'],
  ['content_hash', 'text', `decode(p.content_hash, 'hex')`],
  ['image_url', 'text'],
  ['currency', 'text'],
  ['min_price', 'bigint'],
  ['max_price', 'bigint'],
  ['available', 'boolean'],
  ['skus', 'text[]'],
  ['title_key', 'text'],
];

// Stems ('english') find "shirts" by "shirt"; words as they are ('simple') let the last word of a search be unfinished.
// Descriptions hold the most words and matter least: stems only.
const vector = (text: string, weight: string, isExact: boolean): string =>
  `setweight(to_tsvector('english', ${text})${isExact ? ` || to_tsvector('simple', ${text})` : ''}, '${weight}')`;
const SEARCH = [
  vector('p.s1', LETTERS.title, true),
  vector('p.s2', LETTERS.names, true),
  vector('p.s3', LETTERS.description, false),
].join(' || ');

const NAMES = COLUMNS.map(([column]) => column).join(', ');
const VALUES = COLUMNS.map(([column, , value]) => value ?? `p.${column}`).join(', ');
const RECORDS = `jsonb_to_recordset($1::jsonb)
  AS p(id uuid, ${COLUMNS.map(([column, type]) => `${column} ${type}`).join(', ')}, s1 text, s2 text, s3 text)`;

// In the order of the handles, as products are locked: two imports of the same products must not wait for each other.
const INSERT = `INSERT INTO products (id, ${NAMES}, search, created_at, updated_at)
  SELECT p.id, ${VALUES}, ${SEARCH}, $2, $2 FROM ${RECORDS} ORDER BY p.handle ON CONFLICT (handle) DO NOTHING RETURNING handle`;

const UPDATE = `UPDATE products SET ${COLUMNS.map(([column, , value]) => `${column} = ${value ?? `p.${column}`}`).join(', ')},
  search = ${SEARCH}, updated_at = $2 FROM ${RECORDS} WHERE products.id = p.id`;

function record({ id, version, after, reserved }: ProductWrite): object {
  if (!after) throw new Error('A product without content is not written but removed');
  const derived = derive(lessReserved(after, reserved));
  const [s1, s2, s3] = derived.searchTexts;
  return {
    id,
    version,
    handle: after.handle,
    title: after.title,
    description: after.description,
    vendor: after.vendor,
    category: after.category,
    category_handle: derived.categoryHandle,
    tags: after.tags,
    active: after.active,
    option_names: after.optionNames,
    images: after.images,
    seo_title: after.seo?.title ?? null,
    seo_description: after.seo?.description ?? null,
    content_hash: contentHash(after).toString('hex'),
    image_url: derived.imageUrl,
    currency: derived.currency,
    min_price: derived.minPrice,
    max_price: derived.maxPrice,
    available: derived.available,
    skus: derived.skus,
    title_key: derived.titleKey,
    s1,
    s2,
    s3,
  };
}

/** @throws HandleTaken */
export async function insertProducts(tx: Sql, products: readonly ProductWrite[], now: Date): Promise<void> {
  if (products.length === 0) return;
  const { rows } = await tx.query<{ handle: string }>(INSERT, [JSON.stringify(products.map(record)), now]);
  if (rows.length === products.length) return;
  const inserted = new Set(rows.map(({ handle }) => handle));
  throw new HandleTaken(products.find(({ after }) => after && !inserted.has(after.handle))?.after?.handle ?? '');
}

/** Updates products that the transaction has locked. */
export async function updateProducts(tx: Sql, products: readonly ProductWrite[], now: Date): Promise<void> {
  if (products.length > 0) await tx.query(UPDATE, [JSON.stringify(products.map(record)), now]);
}

/** Deletes products that the transaction has locked; their variants are gone before. */
export async function removeProducts(tx: Sql, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await tx.query('DELETE FROM products WHERE id = ANY($1)', [ids]);
}
