import {
  Cursor,
  CustomerId,
  Handle,
  Money,
  pageLimit,
  Sku,
  Timestamp,
  WholeNumber,
  withoutLimits,
} from '@stoa/contract-kit';
import { z } from 'zod';

/** The promise of each query over all shards; part of each operation's description. */
const CONSISTENCY = `Reads every shard, each from one snapshot, in which the shard proves that it holds the carts it gives. So the result \
is whole: every cart is in it exactly once, also while carts are moved between shards. It is not one instant of all shards: of two \
changes made while it is put together, the later may show without the earlier. When a shard gives nothing in time, the query fails \
with UNAVAILABLE, which names it. Prices are those of the cart's own copy of the catalog, as its owner sees them; right after a price has changed, the copies of two shards may differ for a moment.`;

export const STATISTICS_DESCRIPTION = `Carts of guests and of customers. Costs time in proportion to the number of carts and their \
lines. ${CONSISTENCY}`;

export const ABANDONED_DESCRIPTION = `Open carts that hold something and were last changed before \`since\`, in the order of the hour of \
that change; page by page in both directions. A page costs at most its length of index entries on each shard. Between two pages a \
cart that its owner changed leaves the list. A cursor belongs to its list: the other parameters, but for \`limit\`, must stay the \
same. ${CONSISTENCY}`;

export const TOP_DESCRIPTION = `Sums the quantities of every SKU over all open carts, on every shard, so that the order is exact: the best \
of each shard alone would not give the best of all. Costs time in proportion to the number of lines in carts. ${CONSISTENCY}`;

/** How many carts there are, and what they hold. */
export const CartFigures = z.object({
  open: z.int().min(0).describe('Carts that hold something and can be changed'),
  empty: z.int().min(0).describe('Carts that were emptied'),
  closed: z.int().min(0).describe("Guests' carts that an account took over"),
  items: z.int().min(0).describe('The sum of all quantities in open carts'),
  values: z
    .array(
      z.object({
        currency: Money.shape.currency,
        carts: z.int().min(0).describe('Open carts with this currency'),
        amount: WholeNumber.describe("The sum of their totals, in the currency's minor units"),
      }),
    )
    .describe('By currency. A cart of which nothing can be bought at present is in none'),
});
export type CartFigures = z.infer<typeof CartFigures>;

/** The filters of the list of abandoned carts. */
export const ListAbandoned = z.object({
  since: Timestamp.regex(
    /^2\d{3}-.*T\d\d:00:00(?:\.0+)?Z$/,
    'a whole hour in UTC, such as 2026-11-24T18:00:00Z',
  ).describe('A whole hour in UTC: carts that were not changed from then on'),
  order: z.enum(['asc', 'desc']).default('desc').describe('asc: those abandoned for longest first'),
  limit: pageLimit(100),
  cursor: Cursor.optional().describe('`next` or `previous` of another page of this list'),
});

/** A cart of the list of abandoned carts. */
export const AbandonedCart = z.object({
  customerId: CustomerId.describe("A customer's or a guest's"),
  lines: z.int().min(1).describe('How many different SKUs it holds'),
  itemCount: z.int().min(1).describe('The sum of all quantities'),
  total: Money.nullable().describe('Of what can be bought at present; null when nothing can'),
  updatedAt: Timestamp,
});
export type AbandonedCart = z.infer<typeof AbandonedCart>;

/** A SKU that open carts hold much of. */
export const TopProduct = withoutLimits(
  z.object({
    sku: Sku,
    product: Handle.nullable().describe('Null when the SKU is not sold any more'),
    title: z.string().describe('As last known; the SKU where nothing is known of it any more'),
    quantity: z.int().min(1).describe('The sum over all open carts'),
    carts: z.int().min(1).describe('How many open carts hold it'),
  }),
);
export type TopProduct = z.infer<typeof TopProduct>;
