import { cart as contract, type Cart } from '@stoa/cart-contract';
import { OperationError } from '@stoa/contract-kit';
import type { Caller, BatchContext } from '@stoa/messaging';
import type { CartState, Line, Products } from '../domain/cart.js';
import { priceCart } from '../domain/pricing.js';
import type { Carts } from '../storage/carts.js';

type Context = Pick<
  BatchContext<typeof contract.addItem>,
  'read' | 'write' | 'bucket' | 'caller' | 'expectedVersion' | 'now' | 'publish'
> & { fail(code: 'STALE_VERSION', detail?: string): never };

type Change = 'added' | 'changed' | 'removed' | 'closed' | 'merged';

/**
 * The caller's id, which is the cart's.
 * @throws OperationError FORBIDDEN: services have no cart.
 */
export function customerIdOf(caller: Caller): string {
  if (caller.kind === 'service') throw new OperationError('FORBIDDEN', 'Only guests and customers have a cart');
  return caller.customerId;
}

/** Writes the cart's next version and its event. */
export async function saveChange(
  carts: Carts,
  context: Pick<Context, 'write' | 'bucket' | 'publish'>,
  change: Change,
  next: CartState & { readonly updatedAt: Date },
): Promise<void> {
  const { customerId, version, lines, updatedAt } = next;
  const event = { customerId, change, lines: [...lines], changedAt: updatedAt.toISOString() };
  carts.save(context, next);
  await context.publish(contract.cartChanged, version, event);
}

/**
 * The steps that all commands on one's own cart have in common: lock, check If-Match, apply the rule, save, publish.
 * @param sku the product that the rule needs besides those of the lines
 */
export async function changeCart(
  carts: Carts,
  context: Context,
  { change, sku }: { readonly change: Change; readonly sku: string },
  rule: (cart: CartState, products: Products) => readonly Line[],
): Promise<Cart> {
  const { caller, expectedVersion, now } = context;
  const { cart, products } = await carts.lock(context, customerIdOf(caller), [sku]);
  if (expectedVersion !== undefined && expectedVersion !== cart.version) {
    context.fail('STALE_VERSION', `The cart's version is ${cart.version}`);
  }
  const next = { ...cart, version: cart.version + 1, lines: rule(cart, products), updatedAt: now };
  await saveChange(carts, context, change, next);
  return priceCart(next, products);
}
