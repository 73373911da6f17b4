import { Module } from '@nestjs/common';
import { cart } from '@stoa/cart-contract';
import { catalog } from '@stoa/catalog-contract';
import { MessagingModule, onEvent, onState } from '@stoa/messaging';
import { order } from '@stoa/order-contract';
import { profile } from '@stoa/profile-contract';
import { AddItem } from './operations/add-item.js';
import { CartStatistics } from './operations/cart-statistics.js';
import { ChangeItem } from './operations/change-item.js';
import { CloseGuestCart } from './operations/close-guest-cart.js';
import { GetCart } from './operations/get-cart.js';
import { JoinGuestCart } from './operations/join-guest-cart.js';
import { ListAbandonedCarts } from './operations/list-abandoned-carts.js';
import { ListTopProducts } from './operations/list-top-products.js';
import { MergeLines } from './operations/merge-lines.js';
import { ReadForOrder } from './operations/read-for-order.js';
import { RemoveItem } from './operations/remove-item.js';
import { CartReports } from './storage/cart-reports.js';
import { Availability } from './storage/availability.js';
import { Carts } from './storage/carts.js';
import { Products } from './storage/products.js';
import { DropOrphanedCart } from './subscriptions/drop-orphaned-cart.js';
import { EraseCarts } from './subscriptions/erase-carts.js';
import { FollowAvailability } from './subscriptions/follow-availability.js';
import { FollowVariants } from './subscriptions/follow-variants.js';
import { TakeOutOrdered } from './subscriptions/take-out-ordered.js';

const handlers = {
  getCart: GetCart,
  addItem: AddItem,
  changeItem: ChangeItem,
  removeItem: RemoveItem,
  joinGuestCart: JoinGuestCart,
  closeGuestCart: CloseGuestCart,
  mergeLines: MergeLines,
  readForOrder: ReadForOrder,
  cartStatistics: CartStatistics,
  listAbandonedCarts: ListAbandonedCarts,
  listTopProducts: ListTopProducts,
};
const subscriptions = [
  onState(catalog.variant, FollowVariants),
  onState(catalog.availability, FollowAvailability),
  onEvent(profile.customerErased, EraseCarts),
  onEvent(cart.guestCartOrphaned, DropOrphanedCart),
  onEvent(order.orderPlaced, TakeOutOrdered),
];

@Module({
  imports: [MessagingModule.serve(cart, handlers, { subscriptions })],
  providers: [Availability, Carts, CartReports, Products],
})
export class CartModule {}
