import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { readOrderNumber } from '../../domain/order-number.js';
import { OrderReports } from '../../storage/order-reports.js';

type ListOrdersHandler = Handler<typeof order.listOrders>;

@Injectable()
export class ListOrders implements ListOrdersHandler {
  constructor(private readonly reports: OrderReports) {}

  readonly handle: ListOrdersHandler['handle'] = async ({ number: written, ...filters }, { budgetMs }) => {
    if (written === undefined) return this.reports.list(filters, budgetMs);
    const number = readOrderNumber(written);
    const items = number === undefined ? [] : await this.reports.byNumber(number, filters);
    return { items, next: null, previous: null };
  };
}
