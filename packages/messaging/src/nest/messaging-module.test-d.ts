/**
 * What must not compile, compiled by `npm run typecheck`: a line below an expectation that does compile fails the
 * check.
 */
import { command, event, query, service, state } from '@stoa/contract-kit';
import { z } from 'zod';
import type { Sql } from '@stoa/postgres';
import {
  MessagingModule,
  onEvent,
  onState,
  type EventHandler,
  type Flow,
  type Handler,
  type KeyState,
  type StateHandler,
} from '../index.js';

const shop = service(
  'shop',
  { version: 1, title: 'Shop', description: 'For type tests' },
  {
    price: query({
      summary: 'A price',
      caller: 'anyone',
      input: z.object({ sku: z.string(), currency: z.string().default('EUR') }),
      output: z.object({ amount: z.int() }),
      errors: { UNKNOWN_SKU: 404 },
    }),
    order: command({
      summary: 'Order',
      caller: 'customer',
      key: 'caller.customerId',
      input: z.object({ sku: z.string(), quantity: z.int() }),
      output: z.object({ orderId: z.string() }),
      errors: { SOLD_OUT: 409 },
    }),
    ordered: event({ summary: 'Ordered', key: 'orderId', data: z.object({ orderId: z.string(), quantity: z.int() }) }),
    stock: state({ summary: 'Stock', key: 'sku', data: z.object({ sku: z.string(), left: z.int() }) }),
  },
);

class Price implements Handler<typeof shop.price> {
  readonly handle: Handler<typeof shop.price>['handle'] = async ({ sku, currency }, { fail, budgetMs }) => {
    if (sku === '') fail('UNKNOWN_SKU');
    return { amount: sku.length + currency.length + budgetMs };
  };
}

class Order implements Handler<typeof shop.order> {
  readonly handle: Handler<typeof shop.order>['handle'] = async ({ sku }, { tx, publish, mintId, fail }) => {
    const { rowCount } = await tx.query('UPDATE stock SET "left" = "left" - 1 WHERE sku = $1', [sku]);
    if (rowCount === 0) fail('SOLD_OUT');
    await publish(shop.ordered, 1, { orderId: mintId(), quantity: 1 });
    return { orderId: mintId() };
  };
}

class OrderFlow implements Flow<typeof shop.order> {
  readonly run: Flow<typeof shop.order>['run'] = async (input, { step }) => step('one', shop.order, input);
}

class OnOrdered implements EventHandler<typeof shop.ordered> {
  readonly on = async ({ quantity }: { quantity: number }): Promise<void> => void quantity;
}

class CopyStock implements StateHandler<typeof shop.stock> {
  readonly apply = async (_tx: Sql, states: readonly KeyState<typeof shop.stock>[]): Promise<void> => void states;
}

// Each operation has its handler; a command may be a flow.
MessagingModule.serve(shop, { price: Price, order: Order });
MessagingModule.serve(
  shop,
  { price: Price, order: OrderFlow },
  { subscriptions: [onEvent(shop.ordered, OnOrdered), onState(shop.stock, CopyStock)] },
);

onEvent(shop.ordered, OnOrdered, { from: 'now' });
// @ts-expect-error a subscription begins at the earliest or now
onEvent(shop.ordered, OnOrdered, { from: 'yesterday' });

// @ts-expect-error order is missing
MessagingModule.serve(shop, { price: Price });

// @ts-expect-error the two are swapped
MessagingModule.serve(shop, { price: Order, order: Price });

// @ts-expect-error events have no handler here: they are subscribed to
MessagingModule.serve(shop, { price: Price, order: Order, ordered: OnOrdered });

// @ts-expect-error a query cannot be a flow
MessagingModule.serve(shop, { price: OrderFlow, order: Order });

class WrongInput {
  readonly handle = async ({ sku }: { sku: number }): Promise<{ amount: number }> => ({ amount: sku });
}
// @ts-expect-error its input is not the contract's
MessagingModule.serve(shop, { price: WrongInput, order: Order });

class WrongOutput {
  readonly handle = async (): Promise<{ amount: string }> => ({ amount: '1' });
}
// @ts-expect-error its output is not the contract's
MessagingModule.serve(shop, { price: WrongOutput, order: Order });

// @ts-expect-error an object is not a class
MessagingModule.serve(shop, { price: new Price(), order: Order });

// @ts-expect-error an event's handler has `on`, not `apply`
onEvent(shop.ordered, CopyStock);

// @ts-expect-error a state is not an event
onEvent(shop.stock, OnOrdered);

class OnSomethingElse {
  readonly on = async ({ name }: { name: string }): Promise<void> => void name;
}
// @ts-expect-error its data is not the event's
onEvent(shop.ordered, OnSomethingElse);

export const unknownError: Handler<typeof shop.price>['handle'] = async (_input, { fail }) =>
  // @ts-expect-error an error that the contract does not name
  fail('SOLD_OUT');

export const wrongMessage: Handler<typeof shop.order>['handle'] = async (_input, { publish }) => {
  // @ts-expect-error the event's data lacks quantity
  await publish(shop.ordered, 1, { orderId: '1' });
  return { orderId: '1' };
};

export const noWritesInQueries: Handler<typeof shop.price>['handle'] = async (_input, context) => {
  // @ts-expect-error a query has no transaction
  await context.tx.query('DELETE FROM stock');
  return { amount: 1 };
};
