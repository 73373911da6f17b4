import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { ShopRules } from '../storage/shop-rules.js';

type GetRulesHandler = Handler<typeof order.getRules>;

@Injectable()
export class GetRules implements GetRulesHandler {
  constructor(private readonly rules: ShopRules) {}

  readonly handle: GetRulesHandler['handle'] = () => this.rules.read();
}
