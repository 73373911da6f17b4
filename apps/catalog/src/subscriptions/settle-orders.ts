import { Inject, Injectable } from '@nestjs/common';
import { catalog } from '@stoa/catalog-contract';
import type { EventContext, EventHandler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { CONFIG } from '@stoa/service';
import type { CatalogConfig } from '../config.js';
import { hasRunLow } from '../domain/low-stock.js';
import type { Reported } from '../domain/sales.js';
import { settleOrder, type OrderOrigin } from '../storage/stock/settle-order.js';

/** Brings into the stock what is reported of orders, each report once. */
abstract class SettleOrders {
  constructor(@Inject(CONFIG) private readonly config: Pick<CatalogConfig, 'CATALOG_LOW_STOCK'>) {}

  protected async settle(
    { tx, publish }: EventContext,
    orderId: string,
    reported: Reported,
    origin: OrderOrigin,
  ): Promise<void> {
    for (const { sku, product, before, stock, lowStockAt, number } of await settleOrder(
      tx,
      orderId,
      reported,
      origin,
    )) {
      const threshold = lowStockAt ?? this.config.CATALOG_LOW_STOCK;
      if (hasRunLow(before, stock, threshold)) {
        await publish(catalog.variantLow, number, { sku, product, stock, threshold });
      }
    }
  }
}

type Placed = EventHandler<typeof order.orderPlaced>;
type Refused = EventHandler<typeof order.orderRefused>;
type Cancelled = EventHandler<typeof order.orderCancelled>;
type Restocked = EventHandler<typeof order.itemsRestocked>;

/** Takes off the stock what was bought. */
@Injectable()
export class SellStock extends SettleOrders implements Placed {
  readonly on: Placed['on'] = ({ orderId, lines, at }, context) =>
    this.settle(context, orderId, { what: 'placed', lines }, { kind: 'sold', at: new Date(at) });
}

/** Frees what an order holds that came to nothing. */
@Injectable()
export class FreeStock extends SettleOrders implements Refused {
  readonly on: Refused['on'] = ({ orderId, at }, context) =>
    this.settle(context, orderId, { what: 'refused' }, { kind: 'cancelled', at: new Date(at) });
}

/** Puts back what was bought and is not wanted any more. */
@Injectable()
export class PutBackStock extends SettleOrders implements Cancelled {
  readonly on: Cancelled['on'] = ({ orderId, lines, at, reason }, context) =>
    this.settle(context, orderId, { what: 'cancelled', lines }, { kind: 'cancelled', at: new Date(at), reason });
}

/** Puts back what came back from a buyer. */
@Injectable()
export class RestockItems extends SettleOrders implements Restocked {
  readonly on: Restocked['on'] = ({ orderId, lines, at, returnId }, context) =>
    this.settle(
      context,
      orderId,
      { what: 'restocked', lines },
      {
        kind: 'returned',
        at: new Date(at),
        reason: `return ${returnId}`,
      },
    );
}
