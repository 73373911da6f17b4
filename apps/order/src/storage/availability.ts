import type { catalog } from '@stoa/catalog-contract';
import { Injectable } from '@nestjs/common';
import type { KeyState } from '@stoa/messaging';
import type { Sql } from '@stoa/postgres';

// It may come before the variant, from which the row then gets the rest: until then the SKU is not sold.
const UPSERT = `
  INSERT INTO products (sku, version, sold, available, handle, title, amount, currency, traits, availability,
    availability_version)
  SELECT sku, 0, false, false, '', sku, 0, '', '{}', availability, version
  FROM unnest($1::text[], $2::bigint[], $3::boolean[]) AS state(sku, version, availability)
  ON CONFLICT (sku) DO UPDATE SET availability = excluded.availability,
    availability_version = excluded.availability_version
  WHERE products.availability_version < excluded.availability_version`;

const FORGET = `UPDATE products SET availability = NULL, availability_version = 0
  WHERE ctid = ANY (ARRAY(SELECT ctid FROM products WHERE availability_version > 0 LIMIT 10000))`;

type AvailabilityState = KeyState<typeof catalog.availability>;

/** The order service's copy of what is sold out, or back. */
@Injectable()
export class Availability {
  /** Takes over the last states of SKUs, each at most once in `states`. */
  async takeOver(tx: Sql, states: readonly AvailabilityState[]): Promise<void> {
    // In the order in which variants are taken over, so that two transactions never wait for each other.
    const inOrder = states.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    await tx.query(UPSERT, [
      inOrder.map(({ key }) => key),
      inOrder.map(({ version }) => version),
      inOrder.map(({ data }) => data && data.available),
    ]);
  }

  /** Nothing is known any more, until it is taken over anew. @returns whether there is more to forget */
  async forget(tx: Sql): Promise<boolean> {
    return ((await tx.query(FORGET)).rowCount ?? 0) > 0;
  }
}
