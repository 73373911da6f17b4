import { Injectable } from '@nestjs/common';
import { cart } from '@stoa/cart-contract';
import type { BatchHandler } from '@stoa/messaging';
import { addLine } from '../domain/change-lines.js';
import { Carts } from '../storage/carts.js';
import { changeCart } from './change-cart.js';

type AddItemHandler = BatchHandler<typeof cart.addItem>;

@Injectable()
export class AddItem implements AddItemHandler {
  constructor(private readonly carts: Carts) {}

  readonly decide: AddItemHandler['decide'] = (item, context) =>
    changeCart(this.carts, context, { change: 'added', sku: item.sku }, (current, products) =>
      addLine(current, item, products, context.fail),
    );
}
