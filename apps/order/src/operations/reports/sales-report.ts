import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { problemOf } from '../../domain/report-period.js';
import { OrderReports } from '../../storage/order-reports.js';

type SalesReportHandler = Handler<typeof order.salesReport>;

@Injectable()
export class SalesReport implements SalesReportHandler {
  constructor(private readonly reports: OrderReports) {}

  readonly handle: SalesReportHandler['handle'] = async (period, { budgetMs, fail }) => {
    const problem = problemOf(period);
    if (problem !== undefined) fail('BAD_PERIOD', problem);
    return { items: await this.reports.sales(period, budgetMs) };
  };
}
