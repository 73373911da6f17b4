import { Injectable } from '@nestjs/common';
import type { OfferedShipping, Quote } from '@stoa/order-contract';
import type { Sql } from '@stoa/postgres';
import type { CheckoutState } from '../domain/checkout-state.js';
import { price, shippingMethodsOf, type PriceInput } from '../domain/pricing/price.js';
import { Products } from './products.js';
import { ShopRules } from './shop-rules.js';

const ORDERED = `SELECT EXISTS (SELECT FROM orders WHERE bucket = stoa_bucket($1::text) AND customer_id = $1::uuid
  AND placed_at IS NOT NULL AND status <> 'cancelled') AS ordered`;

/** Prices checkouts by the copies of products and rules that their shard has. */
@Injectable()
export class Quotes {
  constructor(
    private readonly products: Products,
    private readonly rules: ShopRules,
  ) {}

  async price(tx: Sql, checkout: CheckoutState, now: Date): Promise<Quote> {
    return price(await this.inputOf(tx, checkout, now));
  }

  async shippingMethods(tx: Sql, checkout: CheckoutState, now: Date): Promise<OfferedShipping[]> {
    return shippingMethodsOf(await this.inputOf(tx, checkout, now));
  }

  private async inputOf(tx: Sql, checkout: CheckoutState, now: Date): Promise<PriceInput> {
    const { customerId, cart, shippingAddress, billingAddress, shippingMethod, coupon } = checkout;
    const products = await this.products.find(
      tx,
      cart.lines.map(({ sku }) => sku),
    );
    const rules = await this.rules.copyIn(tx);
    const { rows } = await tx.query<{ ordered: boolean }>(ORDERED, [customerId]);
    return {
      lines: cart.lines,
      products,
      shopper: { customerId, hasOrdered: rows[0]?.ordered ?? false },
      address: shippingAddress ?? billingAddress ?? undefined,
      shippingMethod: shippingMethod ?? undefined,
      coupon: coupon ?? undefined,
      rules,
      now,
    };
  }
}
