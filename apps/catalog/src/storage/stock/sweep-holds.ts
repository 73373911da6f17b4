import type { Sql } from '@stoa/postgres';

/** Of one transaction: it holds their variants' locks. */
const MOST = 100;
/** By then no command of such an order is under way any more. */
const FORGOTTEN_AFTER = '30 days';

// Whoever has a hold's lock is changing it: skipped, until the next round.
const LOCK = `SELECT order_id AS id, skus, quantities FROM holds
  WHERE order_id IN (
    SELECT order_id FROM holds WHERE status = 'held' AND until <= clock_timestamp() ORDER BY until LIMIT ${MOST}
  ) AND status = 'held' AND until <= clock_timestamp() ORDER BY order_id FOR UPDATE SKIP LOCKED`;
const LOCK_VARIANTS = 'SELECT FROM variants WHERE sku = ANY($1) ORDER BY sku COLLATE "C" FOR UPDATE';
const FREE = `UPDATE variants SET reserved = reserved - f.quantity
  FROM (SELECT sku, sum(quantity)::integer AS quantity FROM unnest($1::text[], $2::integer[]) AS f(sku, quantity) GROUP BY sku) AS f
  WHERE variants.sku = f.sku`;
const END = `UPDATE holds SET status = 'released', skus = '{}', quantities = '{}', updated_at = clock_timestamp()
  WHERE order_id = ANY($1)`;
const FORGET = `DELETE FROM holds WHERE order_id IN (
  SELECT order_id FROM holds WHERE status IN ('released', 'ended') AND updated_at < now() - interval '${FORGOTTEN_AFTER}'
  LIMIT 1000 FOR UPDATE SKIP LOCKED)`;

interface Over {
  readonly id: string;
  readonly skus: readonly string[];
  readonly quantities: readonly number[];
}

/** Frees the stock of holds that are over, some of them. @returns how many */
export async function freeExpired(tx: Sql): Promise<number> {
  const { rows } = await tx.query<Over>(LOCK);
  if (rows.length === 0) return 0;
  const skus = rows.flatMap((row) => row.skus);
  const quantities = rows.flatMap((row) => row.quantities);
  await Promise.all([
    tx.query(LOCK_VARIANTS, [skus]),
    tx.query(FREE, [skus, quantities]),
    tx.query(END, [rows.map(({ id }) => id)]),
  ]);
  return rows.length;
}

/** Forgets holds that were over long ago, some of them. @returns how many */
export const forgetOld = async (tx: Sql): Promise<number> => (await tx.query(FORGET)).rowCount ?? 0;
