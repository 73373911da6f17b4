import { Module } from '@nestjs/common';
import { cart } from '@stoa/cart-contract';
import { catalog } from '@stoa/catalog-contract';
import { MessagingModule, onEvent, onState } from '@stoa/messaging';
import { order } from '@stoa/order-contract';
import { payment } from '@stoa/payment-contract';
import { ChangeCheckout, CreateCheckout } from './operations/buying/checkout-flows.js';
import { CreateOrder } from './operations/buying/create-order.js';
import { FreezeCheckout } from './operations/buying/freeze-checkout.js';
import { GetCheckout } from './operations/buying/get-checkout.js';
import { GetOrder } from './operations/get-order.js';
import { ListShippingMethods } from './operations/buying/list-shipping-methods.js';
import { DecideOrder, RecordPayment, StartAttempt } from './operations/buying/order-steps.js';
import { PayOrder } from './operations/buying/pay-order.js';
import { PlaceOrder } from './operations/buying/place-order.js';
import { CancelForShopper, CancelOrder, EndOrder } from './operations/ending/cancel-order.js';
import { EndOverdueOrders } from './operations/ending/end-overdue-orders.js';
import { MyOrderData } from './operations/ending/my-order-data.js';
import { OverdueOrders } from './storage/overdue-orders.js';
import { PersonalData } from './storage/personal-data.js';
import { EraseShopper } from './subscriptions/erase-shopper.js';
import { profile } from '@stoa/profile-contract';
import { PlanSettlement } from './operations/buying/plan-settlement.js';
import { FinishOrder, SettleOrder } from './operations/buying/settle-order.js';
import { Availability } from './storage/availability.js';
import { Checkouts } from './storage/checkouts.js';
import { OrderChanges } from './storage/order-changes.js';
import { Products } from './storage/products.js';
import { Quotes } from './storage/quotes.js';
import { Shoppers } from './storage/shoppers.js';
import { FollowAvailability } from './subscriptions/follow-availability.js';
import { FollowPayments } from './subscriptions/follow-payments.js';
import { FollowVariants } from './subscriptions/follow-variants.js';
import { SettleCancelled, SettleEnded } from './subscriptions/settle-ended.js';
import { ChangeRules } from './operations/change-rules.js';
import { ConfirmCoupon } from './operations/confirm-coupon.js';
import { FreeCoupon } from './operations/free-coupon.js';
import { GetPromotionUses } from './operations/get-promotion-uses.js';
import { GetRules } from './operations/get-rules.js';
import { HoldCoupon } from './operations/hold-coupon.js';
import {
  CompleteOrder,
  OrderWorks,
  RefundOrder,
  ReturnItems,
  ShipItems,
} from './operations/handling/operator-flows.js';
import { WorkOnOrder } from './operations/handling/work-on-order.js';
import { DraftInvoice } from './operations/invoices/draft-invoice.js';
import { IssueInvoice } from './operations/invoices/issue-invoice.js';
import { ListInvoices } from './operations/invoices/list-invoices.js';
import { NumberInvoice } from './operations/invoices/number-invoice.js';
import { PrintInvoice } from './operations/invoices/print-invoice.js';
import { ReadableInvoices } from './operations/invoices/readable-invoices.js';
import { ListMyOrders } from './operations/list-my-orders.js';
import { RULE_FLOWS } from './operations/rule-flows.js';
import { TakeInvoiceNumber } from './operations/invoices/take-invoice-number.js';
import { CouponUses } from './storage/coupon-uses.js';
import { ListOrders } from './operations/reports/list-orders.js';
import { SalesReport } from './operations/reports/sales-report.js';
import { TopSoldProducts } from './operations/reports/top-sold-products.js';
import { InvoiceSeries } from './storage/invoice-series.js';
import { Invoices } from './storage/invoices.js';
import { OrderReports } from './storage/order-reports.js';
import { Orders } from './storage/orders.js';
import { ShopRules } from './storage/shop-rules.js';
import { FollowRules } from './subscriptions/follow-rules.js';

const handlers = {
  createCheckout: CreateCheckout,
  changeCheckout: ChangeCheckout,
  getCheckout: GetCheckout,
  listShippingMethods: ListShippingMethods,
  freezeCheckout: FreezeCheckout,
  placeOrder: PlaceOrder,
  payOrder: PayOrder,
  createOrder: CreateOrder,
  startAttempt: StartAttempt,
  recordPayment: RecordPayment,
  decideOrder: DecideOrder,
  planSettlement: PlanSettlement,
  settleOrder: SettleOrder,
  finishOrder: FinishOrder,
  cancelOrder: CancelOrder,
  cancelForShopper: CancelForShopper,
  endOrder: EndOrder,
  myOrderData: MyOrderData,
  getOrder: GetOrder,
  listMyOrders: ListMyOrders,
  ...RULE_FLOWS,
  changeRules: ChangeRules,
  getRules: GetRules,
  holdCoupon: HoldCoupon,
  confirmCoupon: ConfirmCoupon,
  freeCoupon: FreeCoupon,
  getPromotionUses: GetPromotionUses,
  issueInvoice: IssueInvoice,
  draftInvoice: DraftInvoice,
  takeInvoiceNumber: TakeInvoiceNumber,
  numberInvoice: NumberInvoice,
  listInvoices: ListInvoices,
  printInvoice: PrintInvoice,
  listOrders: ListOrders,
  salesReport: SalesReport,
  topSoldProducts: TopSoldProducts,
  shipItems: ShipItems,
  completeOrder: CompleteOrder,
  returnItems: ReturnItems,
  refundOrder: RefundOrder,
  workOnOrder: WorkOnOrder,
};
const subscriptions = [
  onState(order.rules, FollowRules),
  onState(catalog.variant, FollowVariants),
  onState(catalog.availability, FollowAvailability),
  onEvent(payment.paymentChanged, FollowPayments),
  onEvent(order.orderRefused, SettleEnded),
  onEvent(order.orderCancelled, SettleCancelled),
  onEvent(profile.customerErased, EraseShopper),
];

@Module({
  imports: [MessagingModule.serve(order, handlers, { subscriptions, calls: [cart, catalog, payment] })],
  providers: [
    Availability,
    Checkouts,
    CouponUses,
    EndOverdueOrders,
    InvoiceSeries,
    Invoices,
    OrderChanges,
    OrderReports,
    OrderWorks,
    Orders,
    OverdueOrders,
    PersonalData,
    ReadableInvoices,
    Products,
    Quotes,
    ShopRules,
    Shoppers,
  ],
})
export class OrderModule {}
