/** Checked by tsc alone (npm run typecheck): each @ts-expect-error fails the build if the line under it compiles. */
import { z } from 'zod';
import type { Command, DataOf, ErrorCodeOf, Event, InputOf, OutputOf, ServiceContract } from './declaration.js';
import { command, event, query, service, state } from './declare.js';
import { toDocument } from '../document/to-document.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_is: Equal<A, B>): void => undefined;

const cart = service(
  'cart',
  { version: 1, title: 'Cart', description: 'Carts' },
  {
    addItem: command({
      http: 'POST /v1/cart/items',
      summary: 'Add',
      caller: 'customer',
      key: 'caller.customerId',
      input: z.object({ sku: z.string(), quantity: z.int().default(1), note: z.string().optional() }),
      output: z.object({ version: z.int(), at: z.string().default('') }),
      errors: { UNKNOWN_SKU: 404, CART_FULL: 409 },
    }),
    getCart: query({ summary: 'Read', caller: 'anyone', input: z.object({}), output: z.object({ version: z.int() }) }),
    cartChanged: event({ summary: 'Changed', key: 'id', data: z.object({ id: z.string() }) }),
    line: state({ summary: 'Line', key: 'id', data: z.object({ id: z.string(), price: z.int().nullable() }) }),
  },
);

// A handler's input has its defaults; its output may leave them out.
same<InputOf<typeof cart.addItem>, { sku: string; quantity: number; note?: string | undefined }>(true);
same<OutputOf<typeof cart.addItem>, { version: number; at?: string | undefined }>(true);
// Exactly the declared codes, and none where none are declared.
same<ErrorCodeOf<typeof cart.addItem>, 'UNKNOWN_SKU' | 'CART_FULL'>(true);
same<ErrorCodeOf<typeof cart.getCart>, never>(true);
same<DataOf<typeof cart.cartChanged>, { id: string }>(true);
same<DataOf<typeof cart.line>, { id: string; price: number | null }>(true);
// The expectation itself can fail.
// @ts-expect-error a string is no number
same<string, number>(true);

// Any contract is a contract.
const any: ServiceContract = cart;
toDocument(any);
toDocument(cart);

// A command is no query and no event, whatever else they share.
// @ts-expect-error getCart is a query
const _command: Command = cart.getCart;
// @ts-expect-error a state is no event
const _event: Event = cart.line;

const rules = { summary: 'It', caller: 'anyone', input: z.object({}), output: z.object({}) } as const;
command({ ...rules, key: 'command.id' });
// @ts-expect-error a command needs a key
command(rules);
// @ts-expect-error keys come from the caller, the command or the input
command({ ...rules, key: 'body.id' });
// @ts-expect-error a query has no key
query({ ...rules, key: 'command.id' });
// @ts-expect-error a route starts with its method
query({ ...rules, http: '/v1/things' });
// @ts-expect-error nobody is an 'admin'
query({ ...rules, caller: 'admin' });
// @ts-expect-error only queries are cached
command({ ...rules, key: 'command.id', cache: { maxAgeMs: 1, tags: [] } });
// @ts-expect-error a status is a number
query({ ...rules, errors: { NOT_FOUND: 'none' } });
// @ts-expect-error an event needs its key
event({ summary: 'It', data: z.object({ id: z.string() }) });
// @ts-expect-error only events make caches stale
state({ summary: 'It', key: 'id', data: z.object({ id: z.string() }), invalidates: ['things'] });
// @ts-expect-error a service declares operations, events and states only
service('things', { version: 1, title: 'T', description: 'T' }, { thing: 1 });
