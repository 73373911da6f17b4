import { Injectable } from '@nestjs/common';
import { checkAddress } from '@stoa/addresses';
import { cart } from '@stoa/cart-contract';
import type { Problem } from '@stoa/contract-kit';
import type { Flow } from '@stoa/messaging';
import { order, type CheckoutChange } from '@stoa/order-contract';
import { customerIdOf } from '../customer-id-of.js';

/** Fields that addresses lack and their country needs. */
const problemsOf = ({ shippingAddress, billingAddress }: CheckoutChange): Problem[] => [
  ...(shippingAddress ? checkAddress(shippingAddress, '/shippingAddress') : []),
  ...(billingAddress ? checkAddress(billingAddress, '/billingAddress') : []),
];

type CreateCheckoutFlow = Flow<typeof order.createCheckout>;

/** Freezes what the caller's cart costs. */
@Injectable()
export class CreateCheckout implements CreateCheckoutFlow {
  readonly run: CreateCheckoutFlow['run'] = async ({ cartVersion, ...change }, context) => {
    const problems = problemsOf(change);
    if (problems.length > 0) return context.fail('INVALID_INPUT', 'The address is not complete', problems);
    const customerId = customerIdOf(context.caller);
    const lines = await context.call('cart', cart.readForOrder, { customerId });
    const checkoutId = context.stepId('checkout');
    const input = { customerId, checkoutId, isNew: true, cart: lines, cartVersion, change };
    return context.step('freeze', order.freezeCheckout, input);
  };
}

type ChangeCheckoutFlow = Flow<typeof order.changeCheckout>;

/** Freezes it anew, with what the shopper says. */
@Injectable()
export class ChangeCheckout implements ChangeCheckoutFlow {
  readonly run: ChangeCheckoutFlow['run'] = async ({ checkoutId, cartVersion, ...change }, context) => {
    const problems = problemsOf(change);
    if (problems.length > 0) return context.fail('INVALID_INPUT', 'The address is not complete', problems);
    const customerId = customerIdOf(context.caller);
    const lines = await context.call('cart', cart.readForOrder, { customerId });
    const input = { customerId, checkoutId, isNew: false, cart: lines, cartVersion, change };
    return context.step('freeze', order.freezeCheckout, input);
  };
}
