import { Injectable } from '@nestjs/common';
import { cart } from '@stoa/cart-contract';
import type { Handler } from '@stoa/messaging';
import { priceCart } from '../domain/pricing.js';
import { Carts } from '../storage/carts.js';
import { customerIdOf } from './change-cart.js';

type GetCartHandler = Handler<typeof cart.getCart>;

@Injectable()
export class GetCart implements GetCartHandler {
  constructor(private readonly carts: Carts) {}

  readonly handle: GetCartHandler['handle'] = async (_input, { caller }) => {
    const { cart: current, products } = await this.carts.read(customerIdOf(caller));
    return priceCart(current, products);
  };
}
