import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { BatchHandler } from '@stoa/messaging';
import { Holds } from '../../storage/stock/holds.js';

type ConfirmHoldHandler = BatchHandler<typeof catalog.confirmHold>;

@Injectable()
export class ConfirmHold implements ConfirmHoldHandler {
  constructor(private readonly holds: Holds) {}

  readonly decide: ConfirmHoldHandler['decide'] = async ({ orderId }, context) => {
    const before = await this.holds.lock(context, orderId);
    const { hold } = before;
    if (hold?.status === 'confirmed' || hold?.status === 'sold') return { orderId };
    // Over is over, also in the moment before it is swept.
    if (hold?.status !== 'held' || hold.isOver) return context.fail('HOLD_EXPIRED', 'The order holds nothing any more');
    this.holds.save(context, before, { ...hold, status: 'confirmed' }, new Map());
    return { orderId };
  };
}
