import { Module } from '@nestjs/common';
import { cart } from '@stoa/cart-contract';
import { catalog } from '@stoa/catalog-contract';
import { MessagingModule, onState } from '@stoa/messaging';
import { AddItem } from './operations/add-item.js';
import { ChangeItem } from './operations/change-item.js';
import { CloseGuestCart } from './operations/close-guest-cart.js';
import { GetCart } from './operations/get-cart.js';
import { JoinGuestCart } from './operations/join-guest-cart.js';
import { MergeLines } from './operations/merge-lines.js';
import { RemoveItem } from './operations/remove-item.js';
import { Carts } from './storage/carts.js';
import { Products } from './storage/products.js';
import { FollowVariants } from './subscriptions/follow-variants.js';

const handlers = {
  getCart: GetCart,
  addItem: AddItem,
  changeItem: ChangeItem,
  removeItem: RemoveItem,
  joinGuestCart: JoinGuestCart,
  closeGuestCart: CloseGuestCart,
  mergeLines: MergeLines,
};

@Module({
  imports: [MessagingModule.serve(cart, handlers, { subscriptions: [onState(catalog.variant, FollowVariants)] })],
  providers: [Carts, Products],
})
export class CartModule {}
