import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { CouponUses } from '../storage/coupon-uses.js';

type ConfirmCouponHandler = Handler<typeof order.confirmCoupon>;

@Injectable()
export class ConfirmCoupon implements ConfirmCouponHandler {
  constructor(private readonly uses: CouponUses) {}

  readonly handle: ConfirmCouponHandler['handle'] = async ({ counter, orderId }, { tx, bucket, fail }) => {
    await this.uses.lock(tx, bucket, counter);
    if (!(await this.uses.confirm(tx, bucket, counter, orderId))) fail('HOLD_EXPIRED', 'The use is not held any more.');
    return {};
  };
}
