import { Injectable } from '@nestjs/common';
import { catalog, MAX_STOCK, MIN_STOCK } from '@stoa/catalog-contract';
import type { Caller, Handler } from '@stoa/messaging';
import { stateOf } from '../domain/variant-state.js';
import { lockVariant, recordAdjustment, saveStock } from '../storage/stock/stock.js';

const nameOf = (caller: Caller): string => (caller.kind === 'service' ? caller.name : caller.customerId);

@Injectable()
export class AdjustStock implements Handler<typeof catalog.adjustStock> {
  readonly handle: Handler<typeof catalog.adjustStock>['handle'] = async ({ sku, delta, reason }, context) => {
    const { tx, now, caller, fail, publish, mintId } = context;
    const locked = (await lockVariant(tx, sku)) ?? fail('NOT_FOUND', `No variant ${sku}`);
    const { product, variant } = locked;
    const stock = variant.stock + delta;
    if (delta < 0 && stock < 0 && variant.whenOutOfStock === 'deny') {
      fail('NOT_ENOUGH_STOCK', `There are ${variant.stock} of ${sku}`);
    }
    if (stock > MAX_STOCK || stock < MIN_STOCK)
      fail('INVALID_INPUT', 'The stock would pass a billion', [{ pointer: '/delta', detail: 'too large' }]);
    const state = stateOf(product, { ...variant, stock });
    // Others know only whether there is any: most adjustments change nothing for them.
    const isNews = state !== null && state.available !== stateOf(product, variant)?.available;
    const stateVersion = locked.version + (isNews ? 1 : 0);
    const version = await saveStock(tx, locked, { stock, version: stateVersion, now });
    await recordAdjustment(tx, { id: mintId(), sku, delta, stock, reason, by: nameOf(caller), now });
    if (isNews) await publish(catalog.variant, stateVersion, state);
    await publish(catalog.productChanged, version, { handle: product.handle, version });
    return { sku, stock, version };
  };
}
