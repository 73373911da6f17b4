import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { Handler } from '@stoa/messaging';
import { setLowStock } from '../../storage/stock/stock.js';

@Injectable()
export class SetLowStock implements Handler<typeof catalog.setLowStock> {
  readonly handle: Handler<typeof catalog.setLowStock>['handle'] = async ({ sku, threshold }, { tx, fail }) => {
    const { stock, reserved } = (await setLowStock(tx, sku, threshold)) ?? fail('NOT_FOUND', `No variant ${sku}`);
    return { sku, stock, reserved, available: stock - reserved, lowStockAt: threshold };
  };
}
