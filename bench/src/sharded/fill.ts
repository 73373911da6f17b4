import type { OpenKeyspace } from './cluster.js';

/** The buckets of a shard: all shards generate all ids, and keep those of their own buckets. */
const OWN = `SELECT array_agg(bucket) AS own FROM sharding.bucket_owner WHERE state = 'owned'`;

// Bulk loading as the owner: the fence's triggers are for services.
const asOwner = (sql: string): string =>
  `DO $fill$ BEGIN SET LOCAL session_replication_role = replica; ${sql} END $fill$`;

/** The id of the n-th customer. */
export const ID = `md5('customer ' || n)::uuid`;

/**
 * Makes customers `from` to `to`: a thousand sign-ups a day, some hundred names.
 */
export async function fillCustomers({ everywhere }: OpenKeyspace, from: number, to: number): Promise<void> {
  await everywhere(
    asOwner(`
    INSERT INTO customers (bucket, customer_id, email, display_name, created_at, updated_at)
    SELECT stoa_bucket(id::text), id, 'customer' || n || '@example.com', first || ' ' || last, at, at
    FROM (${OWN}) AS o, (
      SELECT n, ${ID} AS id, timestamptz '2026-11-24 00:00:00Z' - n * interval '86.4 seconds' AS at,
        (ARRAY['Ada','Alan','Barbara','Claude','Donald','Edsger','Frances','Grace','Jean','Kurt'])[1 + n % 10] AS first,
        initcap(substr(md5('name ' || n), 1, 6)) AS last
      FROM generate_series(${from}, ${to}) AS n
    ) AS made
    WHERE stoa_bucket(id::text) = ANY (o.own);`),
  );
  await everywhere('VACUUM (ANALYZE) customers');
}

/** Makes carts of three lines each, changed over the last thousand hours, and the products in them. */
export async function fillCarts({ everywhere }: OpenKeyspace, carts: number, skus: number): Promise<void> {
  await everywhere(`
    INSERT INTO products (sku, version, sold, available, handle, title, amount, currency)
    SELECT 'SKU-' || n, 1, true, n % 20 <> 0, 'product-' || n, 'Product ' || n, 100 + n, 'EUR'
    FROM generate_series(0, ${skus - 1}) AS n`);
  await everywhere(
    asOwner(`
    INSERT INTO carts (bucket, customer_id, version, skus, quantities, created_at, updated_at, idle_since)
    SELECT stoa_bucket(id::text), id, 3,
      ARRAY['SKU-' || n % ${skus}, 'SKU-' || (n * 7 + 1) % ${skus}, 'SKU-' || (n * 13 + 2) % ${skus}],
      ARRAY[1, 2, 3], at, at, date_trunc('hour', at, 'UTC')
    FROM (${OWN}) AS o, (
      SELECT n, ${ID} AS id, timestamptz '2026-11-24 00:00:00Z' - (n % 1000) * interval '1 hour' AS at
      FROM generate_series(1, ${carts}) AS n
    ) AS made
    WHERE stoa_bucket(id::text) = ANY (o.own);`),
  );
  await everywhere('VACUUM (ANALYZE) carts, products');
}
