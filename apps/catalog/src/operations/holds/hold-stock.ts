import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { BatchHandler } from '@stoa/messaging';
import { heldBy, sumBySku, takeHold } from '../../domain/holding.js';
import { Holds } from '../../storage/stock/holds.js';

type HoldStockHandler = BatchHandler<typeof catalog.holdStock>;

@Injectable()
export class HoldStock implements HoldStockHandler {
  constructor(private readonly holds: Holds) {}

  readonly decide: HoldStockHandler['decide'] = async ({ orderId, lines, holdSeconds }, context) => {
    const { fail } = context;
    const wanted = sumBySku(lines);
    const before = await this.holds.lockWithLevels(context, orderId, [...wanted.keys()]);
    const status = before.hold?.status;
    if (status === 'sold' || status === 'ended') return fail('ORDER_ENDED', 'The order is placed, or ended');
    const outcome = takeHold(before.levels, heldBy(before.hold), wanted);
    if (outcome.kind === 'unknown') return fail('UNKNOWN_SKU', `${outcome.sku} is not sold here`);
    if (outcome.kind === 'short') {
      return fail('INSUFFICIENT_STOCK', 'There is not as much left', { details: { lines: outcome.lines } });
    }
    const until = new Date(before.now.getTime() + holdSeconds * 1000);
    // A confirmed hold stays confirmed: it must not end by itself.
    const after = { status: status === 'confirmed' ? status : ('held' as const), quantities: wanted, until };
    this.holds.save(context, before, after, outcome.changes);
    return { orderId, until: until.toISOString() };
  };
}
