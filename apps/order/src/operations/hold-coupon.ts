import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { counterOf, isUsedUp } from '../domain/pricing/eligibility.js';
import { CouponUses } from '../storage/coupon-uses.js';
import { ShopRules } from '../storage/shop-rules.js';

type HoldCouponHandler = Handler<typeof order.holdCoupon>;

/**
 * Holds one use of a promotion. Its period is not asked for again: the quote had it, and a quote holds. Its limits are
 * those of now.
 */
@Injectable()
export class HoldCoupon implements HoldCouponHandler {
  constructor(
    private readonly uses: CouponUses,
    private readonly rules: ShopRules,
  ) {}

  readonly handle: HoldCouponHandler['handle'] = async (input, { tx, bucket, fail }) => {
    const { counter, orderId, customerId } = input;
    const { promotions } = await this.rules.copyIn(tx);
    const promotion = promotions.find(({ id, active }) => id === input.promotion && active);
    if (!promotion || counterOf(promotion) !== counter)
      return fail('COUPON_UNKNOWN', 'The coupon is not given any more.');
    await this.uses.lock(tx, bucket, counter);
    if (!(await this.uses.own(tx, bucket, counter, orderId))) {
      const counts = new Map([[counter, await this.uses.count(tx, bucket, counter, customerId)]]);
      if (isUsedUp(promotion, counts)) fail('COUPON_USED_UP', 'The coupon was used as often as it can be.');
    }
    const until = await this.uses.hold(tx, bucket, input);
    return { until: until?.toISOString() ?? null };
  };
}
