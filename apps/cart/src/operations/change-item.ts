import { Injectable } from '@nestjs/common';
import { cart } from '@stoa/cart-contract';
import type { BatchHandler } from '@stoa/messaging';
import { changeLine } from '../domain/change-lines.js';
import { Carts } from '../storage/carts.js';
import { changeCart } from './change-cart.js';

type ChangeItemHandler = BatchHandler<typeof cart.changeItem>;

@Injectable()
export class ChangeItem implements ChangeItemHandler {
  constructor(private readonly carts: Carts) {}

  readonly decide: ChangeItemHandler['decide'] = (item, context) =>
    changeCart(this.carts, context, { change: 'changed', sku: item.sku }, (current, products) =>
      changeLine(current, item, products, context.fail),
    );
}
