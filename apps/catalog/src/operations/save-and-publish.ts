import { catalog } from '@stoa/catalog-contract';
import { OperationError } from '@stoa/contract-kit';
import type { CommandContext } from '@stoa/messaging';
import { saveProducts, type ProductChange, type SavedProduct } from '../storage/save-products.js';
import { SkuTaken, StockHeld } from '../storage/variant-writes.js';
import { nameOf } from './stock/caller-name.js';

type Publisher = Pick<CommandContext<typeof catalog.removeProduct>, 'publish' | 'retract'>;
type Saver = Publisher & Pick<CommandContext<typeof catalog.removeProduct>, 'tx' | 'now' | 'caller'>;

/** Publishes a product's change: for caches that it changed, for other services the states of its variants. */
export async function publishSaved({ publish, retract }: Publisher, saved: SavedProduct): Promise<void> {
  const { handle, version, isRemoved, states } = saved;
  for (const { sku, version: stateVersion, state } of states) {
    if (state) await publish(catalog.variant, stateVersion, state);
    else await retract(catalog.variant, stateVersion, sku);
  }
  await publish(isRemoved ? catalog.productRemoved : catalog.productChanged, version, { handle, version });
}

/**
 * Saves one product and publishes it. Fails with SKU_TAKEN when another product has one of its SKUs, with STOCK_HELD
 * when orders hold more than there would be.
 * @throws HandleTaken when a new product's handle is another's
 */
export async function saveAndPublish(context: Saver, change: ProductChange): Promise<SavedProduct> {
  try {
    const origin = { kind: 'set' as const, by: nameOf(context.caller) };
    const [saved] = await saveProducts(context.tx, [change], context.now, origin);
    if (!saved) throw new Error('saving a product gave nothing');
    await publishSaved(context, saved);
    return saved;
  } catch (error) {
    if (error instanceof SkuTaken) throw new OperationError('SKU_TAKEN', error.message);
    if (error instanceof StockHeld) throw new OperationError('STOCK_HELD', error.message);
    throw error;
  }
}
