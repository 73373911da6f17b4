import { Injectable } from '@nestjs/common';
import type { cart } from '@stoa/cart-contract';
import type { Handler } from '@stoa/messaging';
import { CartReports } from '../storage/cart-reports.js';

type CartStatisticsHandler = Handler<typeof cart.cartStatistics>;

@Injectable()
export class CartStatistics implements CartStatisticsHandler {
  constructor(private readonly reports: CartReports) {}

  readonly handle: CartStatisticsHandler['handle'] = (_input, { budgetMs }) => this.reports.statistics(budgetMs);
}
