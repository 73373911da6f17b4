import { Module } from '@nestjs/common';
import { MessagingModule, onState } from '@stoa/messaging';
import { order } from '@stoa/order-contract';
import { ChangeRules } from './operations/change-rules.js';
import { ConfirmCoupon } from './operations/confirm-coupon.js';
import { FreeCoupon } from './operations/free-coupon.js';
import { GetPromotionUses } from './operations/get-promotion-uses.js';
import { GetRules } from './operations/get-rules.js';
import { HoldCoupon } from './operations/hold-coupon.js';
import { ListMyOrders } from './operations/list-my-orders.js';
import { RULE_FLOWS } from './operations/rule-flows.js';
import { TakeInvoiceNumber } from './operations/take-invoice-number.js';
import { CouponUses } from './storage/coupon-uses.js';
import { InvoiceSeries } from './storage/invoice-series.js';
import { Orders } from './storage/orders.js';
import { ShopRules } from './storage/shop-rules.js';
import { FollowRules } from './subscriptions/follow-rules.js';

const handlers = {
  listMyOrders: ListMyOrders,
  ...RULE_FLOWS,
  changeRules: ChangeRules,
  getRules: GetRules,
  holdCoupon: HoldCoupon,
  confirmCoupon: ConfirmCoupon,
  freeCoupon: FreeCoupon,
  getPromotionUses: GetPromotionUses,
  takeInvoiceNumber: TakeInvoiceNumber,
};

@Module({
  imports: [MessagingModule.serve(order, handlers, { subscriptions: [onState(order.rules, FollowRules)] })],
  providers: [CouponUses, InvoiceSeries, Orders, ShopRules],
})
export class OrderModule {}
