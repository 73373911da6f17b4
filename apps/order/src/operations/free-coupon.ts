import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { CouponUses } from '../storage/coupon-uses.js';

type FreeCouponHandler = Handler<typeof order.freeCoupon>;

@Injectable()
export class FreeCoupon implements FreeCouponHandler {
  constructor(private readonly uses: CouponUses) {}

  readonly handle: FreeCouponHandler['handle'] = async ({ counter, orderId }, { tx, bucket }) => {
    await this.uses.lock(tx, bucket, counter);
    return { freed: await this.uses.free(tx, bucket, counter, orderId) };
  };
}
