import { Injectable } from '@nestjs/common';
import { cart } from '@stoa/cart-contract';
import { inTransaction, type EventHandler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { takeOut } from '../domain/take-out.js';
import { Carts } from '../storage/carts.js';

type Taking = EventHandler<typeof order.orderPlaced>;

/** Takes out of a cart what was ordered of it. A cart that was closed, or is empty, stays as it is. */
@Injectable()
export class TakeOutOrdered implements Taking {
  constructor(private readonly carts: Carts) {}

  readonly on: Taking['on'] = async ({ customerId, lines: ordered, at }, { tx, bucket, publish }) => {
    const context = inTransaction(tx, bucket);
    const { cart: before } = await this.carts.lock(context, customerId);
    const lines = takeOut(before.lines, ordered);
    const isSame =
      lines.length === before.lines.length && lines.every((l, n) => l.quantity === before.lines[n]?.quantity);
    if (before.status === 'closed' || isSame) return;
    const version = before.version + 1;
    this.carts.save(context, { ...before, version, lines, updatedAt: new Date(at) });
    await publish(cart.cartChanged, version, { customerId, change: 'removed', lines: [...lines], changedAt: at });
  };
}
