import { Injectable } from '@nestjs/common';
import type { cart } from '@stoa/cart-contract';
import type { Handler } from '@stoa/messaging';
import { CartReports } from '../storage/cart-reports.js';

type ListTopProductsHandler = Handler<typeof cart.listTopProducts>;

@Injectable()
export class ListTopProducts implements ListTopProductsHandler {
  constructor(private readonly reports: CartReports) {}

  readonly handle: ListTopProductsHandler['handle'] = async ({ limit }, { budgetMs }) => {
    const { demands, products } = await this.reports.topProducts(limit, budgetMs);
    const items = demands.map(({ sku, quantity, carts }) => {
      const known = products.get(sku);
      return { sku, product: known?.sold ? known.handle : null, title: known?.title ?? sku, quantity, carts };
    });
    return { items };
  };
}
