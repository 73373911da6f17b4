import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { Handler } from '@stoa/messaging';
import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../../domain/cursor.js';
import { StockQueries } from '../../storage/stock/stock-queries.js';

const Place = z.tuple([z.int().min(1)]);

@Injectable()
export class ListStockMovements implements Handler<typeof catalog.listStockMovements> {
  constructor(private readonly stock: StockQueries) {}

  readonly handle: Handler<typeof catalog.listStockMovements>['handle'] = async ({ sku, limit, cursor }, { fail }) => {
    const query = ['stock-movements', sku];
    const before = cursor === undefined ? null : decodeCursor(query, cursor, Place);
    if (cursor !== undefined && !before) fail('BAD_CURSOR', 'The cursor is damaged, or comes from another list');
    const found = await this.stock.movements(sku, before, limit + 1);
    if (found.length === 0 && !before && !(await this.stock.level(sku))) fail('NOT_FOUND', `No variant ${sku}`);
    const last = found.length > limit ? found[limit - 1] : undefined;
    const items = found.slice(0, limit).map(({ movement }) => movement);
    return { items, next: last ? encodeCursor(query, last.place) : null };
  };
}
