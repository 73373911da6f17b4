import { Injectable } from '@nestjs/common';
import { cart } from '@stoa/cart-contract';
import type { BatchHandler } from '@stoa/messaging';
import { removeLine } from '../domain/change-lines.js';
import { Carts } from '../storage/carts.js';
import { changeCart } from './change-cart.js';

type RemoveItemHandler = BatchHandler<typeof cart.removeItem>;

@Injectable()
export class RemoveItem implements RemoveItemHandler {
  constructor(private readonly carts: Carts) {}

  readonly decide: RemoveItemHandler['decide'] = ({ sku }, context) =>
    changeCart(this.carts, context, { change: 'removed', sku }, (current) => removeLine(current, sku, context.fail));
}
