import { sql, superuserUrl } from '../../support/servers.js';

/** The rules of stock at rest: each statement finds what breaks one. */
const FAULTS: Readonly<Record<string, string>> = {
  'held pieces that are not those of the open holds': `WITH held AS (
      SELECT sku, sum(quantity) AS quantity FROM holds, unnest(skus, quantities) AS line(sku, quantity)
      WHERE status IN ('held', 'confirmed') GROUP BY sku
    ) SELECT sku, reserved, quantity FROM variants FULL JOIN held USING (sku)
    WHERE coalesce(reserved, 0) <> coalesce(quantity, 0)`,
  'more is held than there is': 'SELECT sku, stock, reserved FROM variants WHERE reserved > stock AND NOT oversell',
  'holds that are over for a minute': `SELECT order_id, until FROM holds
    WHERE status = 'held' AND until < now() - interval '1 minute'`,
  'stock that its history does not lead to': `WITH history AS (
      SELECT sku, delta, stock, lag(stock) OVER (PARTITION BY sku ORDER BY number) AS before,
        row_number() OVER (PARTITION BY sku ORDER BY number DESC) AS age
      FROM stock_movements
    ) SELECT h.* FROM history AS h JOIN variants AS v ON v.sku = h.sku
    WHERE h.stock <> h.before + h.delta OR (age = 1 AND h.stock <> v.stock)`,
  'pieces sold twice, or put back more than once': `SELECT order_id, sku, sum(delta) AS moved FROM stock_movements
    WHERE order_id IS NOT NULL GROUP BY order_id, sku
    HAVING count(*) FILTER (WHERE kind = 'sold') <> 1 OR sum(delta) > 0`,
};

/** The faults of the catalog's stock, in words. */
export async function stockFaults(): Promise<string[]> {
  const url = await superuserUrl('main', 'catalog');
  const faults: string[] = [];
  for (const [fault, text] of Object.entries(FAULTS)) {
    const rows = await sql<object>(url, `${text} LIMIT 5`);
    if (rows.length > 0) faults.push(`${fault}: ${JSON.stringify(rows)}`);
  }
  return faults;
}
