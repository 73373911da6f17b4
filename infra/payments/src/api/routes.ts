import { cardOfToken } from '../cards/test-cards.js';
import type { FaultyOperation } from '../faults/menu.js';
import { missing } from '../http/errors.js';
import type { ParamReader, Params } from '../http/form.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Intent, ProviderEvent, Refund, Session, Charge, Stored } from '../ledger/objects.js';
import type { Books } from './books.js';
import { cancel, captureIntent, confirmIntent, createIntent, done, type ApiResponse } from './intents.js';
import { list, searchIntents } from './lists.js';
import { createRefund } from './refunds.js';
import { createSession, expireSession } from './sessions.js';

/** A request that is understood. */
export interface Route {
  readonly operation: FaultyOperation;
  /** The faults of the card that it is about. */
  cardFaults(ledger: Ledger, params: Params): readonly string[];
  run(books: Books, params: ParamReader): ApiResponse;
}

type Run = (books: Books, params: ParamReader, id: string) => ApiResponse;

const read =
  <T extends Stored>(kind: T['object'], what: string): Run =>
  ({ ledger }, params, id) => {
    params.end();
    return done(found<T>(ledger, kind, what, id));
  };

function found<T extends Stored>(ledger: Ledger, kind: T['object'], what: string, id: string): T {
  const object = ledger.find<T>(kind, id);
  if (!object) throw missing(what, id, 'id');
  return object;
}

const intentOf = ({ ledger }: Books, id: string): Intent =>
  found<Intent>(ledger, 'payment_intent', 'payment_intent', id);
const listOf =
  (kind: Stored['object'], path: string, parent?: string): Run =>
  ({ ledger }, params) =>
    list(ledger, params, { kind, path, ...(parent !== undefined && { parent }) });

/** Method and path, with `*` for an id; which faults can hit it; what it does. */
const ROUTES: readonly [string, FaultyOperation, Run][] = [
  ['POST /v1/payment_intents', 'create', createIntent],
  ['GET /v1/payment_intents', 'read', listOf('payment_intent', '/v1/payment_intents')],
  ['GET /v1/payment_intents/search', 'read', ({ ledger }, params) => searchIntents(ledger, params)],
  ['GET /v1/payment_intents/*', 'read', read<Intent>('payment_intent', 'payment_intent')],
  [
    'POST /v1/payment_intents/*/confirm',
    'confirm',
    (books, params, id) => confirmIntent(books, intentOf(books, id), params),
  ],
  [
    'POST /v1/payment_intents/*/capture',
    'capture',
    (books, params, id) => captureIntent(books, intentOf(books, id), params),
  ],
  ['POST /v1/payment_intents/*/cancel', 'cancel', (books, params, id) => cancel(books, intentOf(books, id), params)],
  ['POST /v1/refunds', 'refund', (books, params) => createRefund(books, params, (id) => intentOf(books, id))],
  ['GET /v1/refunds', 'read', listOf('refund', '/v1/refunds', 'payment_intent')],
  ['GET /v1/refunds/*', 'read', read<Refund>('refund', 'refund')],
  ['GET /v1/charges/*', 'read', read<Charge>('charge', 'charge')],
  ['POST /v1/checkout/sessions', 'session', createSession],
  ['GET /v1/checkout/sessions', 'read', listOf('checkout.session', '/v1/checkout/sessions')],
  ['GET /v1/checkout/sessions/*', 'read', read<Session>('checkout.session', 'checkout.session')],
  [
    'POST /v1/checkout/sessions/*/expire',
    'expire',
    (books, params, id) => {
      params.end();
      return expireSession(books, found<Session>(books.ledger, 'checkout.session', 'checkout.session', id));
    },
  ],
  ['GET /v1/events', 'read', listOf('event', '/v1/events')],
  ['GET /v1/events/*', 'read', read<ProviderEvent>('event', 'event')],
];

const TABLE = ROUTES.map(([pattern, operation, run]) => {
  const source = pattern.replaceAll('*', '([^/]+)');
  return { pattern: new RegExp(`^${source}$`), operation, run };
});

/** Only these faults of a card hit requests that come later: the others are over once it was charged. */
const AT_FIRST = new Set<FaultyOperation>(['create', 'confirm']);

/** @returns undefined for a path that this provider does not serve */
export function routeOf(method: string, path: string): Route | undefined {
  const line = `${method} ${path}`;
  const entry = TABLE.find(({ pattern }) => pattern.test(line));
  if (!entry) return undefined;
  const id = entry.pattern.exec(line)?.[1] ?? '';
  return {
    operation: entry.operation,
    cardFaults: (ledger, { payment_method: token }) => {
      if (!AT_FIRST.has(entry.operation)) return [];
      const given = typeof token === 'string' ? cardOfToken(token)?.faults : undefined;
      return given ?? (id === '' ? [] : (ledger.internal(id).faults ?? []));
    },
    run: (books, params) => entry.run(books, params, id),
  };
}
