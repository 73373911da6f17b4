import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { BatchHandler } from '@stoa/messaging';
import { changesOf, heldBy, reserve } from '../../domain/holding.js';
import { Holds } from '../../storage/stock/holds.js';

type ReleaseHoldHandler = BatchHandler<typeof catalog.releaseHold>;

@Injectable()
export class ReleaseHold implements ReleaseHoldHandler {
  constructor(private readonly holds: Holds) {}

  readonly decide: ReleaseHoldHandler['decide'] = async ({ orderId }, context) => {
    const before = await this.holds.lockWithLevels(context, orderId, []);
    const held = heldBy(before.hold);
    if (!before.hold || held.size === 0) return { released: false };
    const changes = changesOf(held, new Map());
    reserve(before.levels, changes);
    this.holds.save(context, before, { status: 'released', quantities: new Map(), until: before.now }, changes);
    return { released: true };
  };
}
