import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { counterOf } from '../domain/pricing/eligibility.js';
import { CouponUses } from '../storage/coupon-uses.js';
import { ShopRules } from '../storage/shop-rules.js';

type GetPromotionUsesHandler = Handler<typeof order.getPromotionUses>;

@Injectable()
export class GetPromotionUses implements GetPromotionUsesHandler {
  constructor(
    private readonly uses: CouponUses,
    private readonly rules: ShopRules,
  ) {}

  readonly handle: GetPromotionUsesHandler['handle'] = async (input, { fail }) => {
    const { promotions } = await this.rules.read();
    const promotion = promotions.find(({ id }) => id === input.id) ?? fail('NOT_FOUND', `There is no ${input.id}.`);
    return { ...(await this.uses.figures(counterOf(promotion))), limit: promotion.limit };
  };
}
