import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { Handler } from '@stoa/messaging';
import { StockQueries } from '../../storage/stock/stock-queries.js';

@Injectable()
export class GetStock implements Handler<typeof catalog.getStock> {
  constructor(private readonly stock: StockQueries) {}

  readonly handle: Handler<typeof catalog.getStock>['handle'] = async ({ sku }, { fail }) =>
    (await this.stock.level(sku)) ?? fail('NOT_FOUND', `No variant ${sku}`);
}
