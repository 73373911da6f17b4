import { Inject, Injectable } from '@nestjs/common';
import { catalog, MAX_STOCK, MIN_STOCK } from '@stoa/catalog-contract';
import type { CommandContext, Handler } from '@stoa/messaging';
import { CONFIG } from '@stoa/service';
import type { CatalogConfig } from '../../config.js';
import { hasRunLow } from '../../domain/low-stock.js';
import { publishShown, showAvailability } from '../../storage/stock/availability.js';
import { nameOf } from './caller-name.js';
import { recordMovements } from '../../storage/stock/movements.js';
import { lockVariant, saveStock, type LockedVariant } from '../../storage/stock/stock.js';

type AdjustContext = CommandContext<typeof catalog.adjustStock>;

/** The stock that an adjustment gives, if it may. */
function adjusted(
  sku: string,
  delta: number,
  { stock: before, reserved, oversell }: LockedVariant,
  { fail }: AdjustContext,
) {
  const stock = before + delta;
  if (delta < 0 && stock < reserved && !oversell) {
    const held = reserved > 0 ? `, of which orders hold ${reserved}` : '';
    fail('NOT_ENOUGH_STOCK', `There are ${before} of ${sku}${held}`);
  }
  if (stock > MAX_STOCK || stock < MIN_STOCK)
    fail('INVALID_INPUT', 'The stock would pass a billion', [{ pointer: '/delta', detail: 'too large' }]);
  return stock;
}

const isAvailable = ({ reserved, oversell }: LockedVariant, stock: number): boolean => oversell || stock > reserved;

@Injectable()
export class AdjustStock implements Handler<typeof catalog.adjustStock> {
  constructor(@Inject(CONFIG) private readonly config: Pick<CatalogConfig, 'CATALOG_LOW_STOCK'>) {}

  readonly handle: Handler<typeof catalog.adjustStock>['handle'] = async ({ sku, delta, reason }, context) => {
    const { tx, now, caller, fail, publish } = context;
    const before = (await lockVariant(tx, sku)) ?? fail('NOT_FOUND', `No variant ${sku}`);
    const stock = adjusted(sku, delta, before, context);
    const { handle } = before;
    const version = await saveStock(tx, sku, before, { stock, now });
    const origin = { kind: 'adjusted' as const, by: nameOf(caller), at: now, reason };
    const number = (await recordMovements(tx, [{ sku, delta, stock }], origin)).get(sku) ?? 1;
    if (isAvailable(before, stock) !== isAvailable(before, before.stock)) {
      for (const shown of await showAvailability(tx, [sku])) await publishShown(context, shown);
    }
    const threshold = before.lowStockAt ?? this.config.CATALOG_LOW_STOCK;
    if (hasRunLow(before.stock, stock, threshold)) {
      await publish(catalog.variantLow, number, { sku, product: handle, stock, threshold });
    }
    await publish(catalog.productChanged, version, { handle, version });
    return { sku, stock, version };
  };
}
