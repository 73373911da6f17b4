import type { TestCard } from '../cards/test-cards.js';
import { invalid } from '../http/errors.js';
import type { ParamReader, Params } from '../http/form.js';
import { Ledger, nowInSeconds } from '../ledger/ledger.js';
import type { Intent, Session } from '../ledger/objects.js';
import { checkedAmount, checkedCurrency } from './amounts.js';
import { emit, type Books } from './books.js';
import { cancelIntent } from './charges.js';
import { confirmWith, done, makeIntent, type ApiResponse } from './intents.js';
import { ParamReader as Reader } from '../http/form.js';

const HOUR = 3_600;

/** POST /v1/checkout/sessions: a page of the provider that takes a card. */
export function createSession(books: Books, params: ParamReader): ApiResponse {
  params.oneOf('mode', ['payment'] as const);
  params.list('payment_method_types');
  const { amount, currency } = totalOf(params.list('line_items') as readonly Params[] | undefined);
  const intent = new Reader(params.object('payment_intent_data') ?? {});
  const internal = {
    capture_method: intent.oneOf('capture_method', ['automatic', 'manual'] as const) ?? ('automatic' as const),
    metadata: intent.metadata(),
    description: intent.text('description') ?? null,
  };
  intent.end();
  const id = Ledger.newId('cs_test');
  const session: Session = {
    id,
    object: 'checkout.session',
    amount_subtotal: amount,
    amount_total: amount,
    automatic_tax: { enabled: false, liability: null, status: null },
    cancel_url: params.text('cancel_url') ?? null,
    client_reference_id: params.text('client_reference_id') ?? null,
    created: nowInSeconds(),
    currency,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    expires_at: expiryOf(params.integer('expires_at')),
    livemode: false,
    metadata: params.metadata(),
    mode: 'payment',
    payment_intent: null,
    payment_method_types: ['card'],
    payment_status: 'unpaid',
    shipping_options: [],
    status: 'open',
    success_url: params.required('success_url'),
    url: `${books.publicUrl}/pay/${id}`,
  };
  params.text('customer_email');
  params.end();
  books.ledger.insert(session, { intent: internal });
  books.ledger.expireAt(id, session.expires_at * 1000);
  return done(session);
}

/** As at Stripe: between half an hour and a day from now. */
function expiryOf(wanted: number | undefined): number {
  const now = nowInSeconds();
  if (wanted === undefined) return now + 24 * HOUR;
  if (wanted < now + HOUR / 2 - 60 || wanted > now + 24 * HOUR + 60) {
    throw invalid('The `expires_at` timestamp must be between 30 minutes and 24 hours from now.', 'expires_at');
  }
  return wanted;
}

function totalOf(lines: readonly Params[] | undefined): { amount: number; currency: string } {
  if (!lines || lines.length === 0) throw invalid('Missing required param: line_items.', 'line_items');
  const priced = lines.map((line) => {
    const reader = new Reader(line);
    const quantity = reader.integer('quantity') ?? 1;
    const price = new Reader(reader.object('price_data') ?? {});
    reader.end();
    const currency = checkedCurrency(price.required('currency'));
    const amount = checkedAmount(price.integer('unit_amount') ?? 0, currency, 'unit_amount');
    price.object('product_data');
    price.end();
    return { amount: amount * quantity, currency };
  });
  const currency = priced[0]?.currency ?? '';
  if (priced.some((line) => line.currency !== currency)) throw invalid('All lines have one currency', 'line_items');
  return {
    amount: checkedAmount(
      priced.reduce((sum, line) => sum + line.amount, 0),
      currency,
    ),
    currency,
  };
}

/** The shopper gave a card on the page. @returns the intent; its status says whether the page is done */
export function payOnPage(books: Books, session: Session, card: TestCard): Intent {
  const { ledger } = books;
  const known =
    session.payment_intent === null ? undefined : ledger.find<Intent>('payment_intent', session.payment_intent);
  const wanted = ledger.internal(session.id).intent ?? { capture_method: 'automatic', metadata: {}, description: null };
  const { amount_total: amount, currency } = session;
  const intent =
    known ?? makeIntent(books, { amount, currency, ...wanted, receipt_email: null }, { session: session.id });
  const internal = { ...ledger.internal(intent.id), faults: card.faults ?? [], returnUrl: session.success_url };
  ledger.updateInternal(intent.id, internal);
  confirmWith(books, intent, card, session.success_url);
  session.payment_intent = intent.id;
  ledger.update(session);
  if (!isOpen(intent)) completeSession(books, session, intent);
  return intent;
}

const isOpen = ({ status }: Intent): boolean => status !== 'requires_capture' && status !== 'succeeded';

/** The session is paid. */
export function completeSession(books: Books, session: Session, intent: Intent): void {
  session.status = 'complete';
  session.payment_status = intent.status === 'succeeded' ? 'paid' : 'unpaid';
  session.url = null;
  books.ledger.update(session);
  emit(books, 'checkout.session.completed', session, intent.id);
}

/** Nobody pays on this page any more. */
export function expireSession(books: Books, session: Session): ApiResponse {
  const { ledger } = books;
  if (session.status !== 'open') {
    throw invalid(`Only Checkout Sessions with a status in ["open"] can be expired. This one is ${session.status}.`);
  }
  const intent =
    session.payment_intent === null ? undefined : ledger.find<Intent>('payment_intent', session.payment_intent);
  if (intent && intent.status !== 'canceled') cancelIntent(books, intent, 'automatic');
  session.status = 'expired';
  session.url = null;
  ledger.update(session);
  emit(books, 'checkout.session.expired', session, intent?.id);
  return done(session);
}
