import { Injectable } from '@nestjs/common';
import type { cart } from '@stoa/cart-contract';
import type { BatchHandler } from '@stoa/messaging';
import { Carts } from '../storage/carts.js';

type ReadForOrderHandler = BatchHandler<typeof cart.readForOrder>;

/** A command, so that a checkout that is carried on elsewhere reads the same cart again. */
@Injectable()
export class ReadForOrder implements ReadForOrderHandler {
  constructor(private readonly carts: Carts) {}

  readonly decide: ReadForOrderHandler['decide'] = async ({ customerId }, context) => {
    const { cart } = await this.carts.lock(context, customerId);
    return { version: cart.version, lines: cart.lines.map(({ sku, quantity }) => ({ sku, quantity })) };
  };
}
