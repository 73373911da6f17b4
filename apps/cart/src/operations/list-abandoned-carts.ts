import { Injectable } from '@nestjs/common';
import type { AbandonedCart, cart } from '@stoa/cart-contract';
import type { Handler } from '@stoa/messaging';
import { priceCart } from '../domain/pricing.js';
import { CartReports } from '../storage/cart-reports.js';
import type { CartAndProducts } from '../storage/carts.js';

type ListAbandonedCartsHandler = Handler<typeof cart.listAbandonedCarts>;

@Injectable()
export class ListAbandonedCarts implements ListAbandonedCartsHandler {
  constructor(private readonly reports: CartReports) {}

  readonly handle: ListAbandonedCartsHandler['handle'] = async (list, { budgetMs }) => {
    const { carts, next, previous } = await this.reports.abandoned(list, budgetMs);
    return { items: carts.map(summaryOf), next: next ?? null, previous: previous ?? null };
  };
}

function summaryOf({ cart: state, products }: CartAndProducts): AbandonedCart {
  const { customerId, lines, itemCount, total, updatedAt } = priceCart(state, products);
  if (updatedAt === null) throw new Error(`The cart of ${customerId} was never changed, and yet it was read`);
  return { customerId, lines: lines.length, itemCount, total, updatedAt };
}
