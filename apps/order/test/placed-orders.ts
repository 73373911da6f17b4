import { newId } from '@stoa/messaging';
import type { Quote, RefundSplit } from '@stoa/order-contract';
import { databaseContext } from '@stoa/service/testing';
import { openKeyspace } from '@stoa/sharded-service';
import { orderIdIn } from '../src/domain/order-id.js';
import { orderNumber } from '../src/domain/order-number.js';
import { orderKeyspace } from '../src/storage/keyspace.js';

/** An order as it is in its row, as far as invoices need it. */
export interface Placed {
  readonly customerId: string;
  readonly quote: Quote;
  readonly isPlaced?: boolean;
  readonly refunds?: readonly { readonly refundId: string; readonly amount: number; readonly split?: RefundSplit }[];
}

const INSERT = `
  INSERT INTO orders (bucket, order_id, customer_id, checkout_id, number, version, status, payment_status,
    fulfilment_status, currency, total, created_at, updated_at, placed_at, quote, body)
  VALUES ($1, $2, $3, $4, $5, 1, $6, 'captured', 'unfulfilled', $7, $8, now(), now(), $9, $10, $11)`;
const address = { name: 'Ada Lovelace', lines: ['12 Dorset St'], city: 'London', postalCode: 'W1U 6QS', country: 'GB' };

/** Writes orders into the shards of a service under test, as if they had been placed. @returns their ids */
export async function writeOrders(directoryUrl: string, orders: readonly Placed[]): Promise<string[]> {
  const database = await openKeyspace(orderKeyspace.name, directoryUrl, databaseContext('test', 'fatal'));
  try {
    const ids: string[] = [];
    for (const [n, { customerId, quote, isPlaced = true, refunds = [] }] of orders.entries()) {
      const bucket = database.bucketOf(customerId);
      const orderId = orderIdIn(newId(), bucket);
      const status = isPlaced ? 'placed' : 'placing';
      const done = refunds.map((refund) => ({
        status: 'done',
        reason: 'Scratched',
        at: '2026-12-01T00:00:00Z',
        ...refund,
      }));
      const lines = quote.lines.map(({ sku, title, quantity }) => ({ sku, title, quantity, shipped: 0, returned: 0 }));
      const money = { captured: isPlaced ? quote.total : 0, refunded: 0, attempts: [], paidBy: null };
      const who = { cancelReason: null, email: null, billingAddress: null, shippingAddress: address, cartVersion: 1 };
      const body = { ...money, ...who, lines, refunds: done, fulfilments: [], returns: [], timeline: [] };
      const values = [
        bucket,
        orderId,
        customerId,
        newId(),
        orderNumber(bucket, n),
        status,
        quote.currency,
        quote.total,
      ];
      const rest = [isPlaced ? new Date() : null, JSON.stringify(quote), JSON.stringify(body)];
      await database.transaction(bucket, (tx) => tx.query(INSERT, [...values, ...rest]));
      ids.push(orderId);
    }
    return ids;
  } finally {
    await database.close();
  }
}
