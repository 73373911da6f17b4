import { Injectable } from '@nestjs/common';
import type { StateHandler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { ShopRules } from '../storage/shop-rules.js';

type RulesHandler = StateHandler<typeof order.rules>;

/** Keeps each shard's copy of the shop's rules, so that pricing asks nobody. */
@Injectable()
export class FollowRules implements RulesHandler {
  constructor(private readonly rules: ShopRules) {}

  readonly apply: RulesHandler['apply'] = (tx, states) => this.rules.takeOver(tx, states);

  readonly clear: NonNullable<RulesHandler['clear']> = (tx) => this.rules.forget(tx);
}
