import { amountText } from '../api/amounts.js';
import { changed, type Books } from '../api/books.js';
import { chargeCard } from '../api/charges.js';
import { cardOf } from '../api/intents.js';
import { completeSession, payOnPage } from '../api/sessions.js';
import { cardOfNumber, TEST_CARDS } from '../cards/test-cards.js';
import { AMOUNTS, FAULTS } from '../faults/menu.js';
import { parseForm } from '../http/form.js';
import type { Intent, Session } from '../ledger/objects.js';
import { escaped, page } from './html.js';

/** A page, or where the shopper goes from here. */
export type PageResponse =
  | { readonly status: number; readonly html: string }
  | { readonly status: 303; readonly location: string };

const cardTable = `<table>${TEST_CARDS.map(
  ({ number, about }) => `<tr><td><code>${number}</code></td><td>${escaped(about)}</td></tr>`,
).join('')}</table>`;

/** The page at the root says what this is, and shows the menu. */
export function homePage(): string {
  const amounts = [...AMOUNTS].map(([amount, fault]) => `<tr><td><code>${amount}</code></td><td>${fault}</td></tr>`);
  return page(
    'The local payment provider',
    `<p>It speaks as Stripe's API does, and keeps a ledger of its own.</p><h2>Test cards</h2>${cardTable}
<h2>Amounts that cause a fault</h2><p>In the currency's smallest unit.</p><table>${amounts.join('')}</table>
<h2>Switches</h2><p><code>POST /_local/faults</code> with the secret key: fault (${FAULTS.join(', ')}), operation, times,
oneIn; <code>DELETE</code> switches all off.</p>`,
  );
}

const gone = (what: string): PageResponse => ({
  status: 404,
  html: page('Not found', `<p>This ${what} does not exist, or is over.</p>`),
});

function cardForm(session: Session, error?: string): string {
  const { amount_total: amount, currency, cancel_url: cancelUrl } = session;
  const cancel = cancelUrl === null ? '' : `<p><a href="${escaped(cancelUrl)}">Back to the shop without paying</a></p>`;
  return page(
    `Pay ${amountText(amount, currency)}`,
    `${error === undefined ? '' : `<p class="error" role="alert">${escaped(error)}</p>`}
<form method="post" autocomplete="off">
<label>Number of a test card <input name="number" inputmode="numeric" required maxlength="23" value=""></label>
<label>Valid until (MM/YY) <input name="expiry" required maxlength="5" placeholder="12/99"></label>
<label>Security code <input name="code" inputmode="numeric" required maxlength="4" placeholder="123"></label>
<button type="submit">Pay ${amountText(amount, currency)}</button></form>${cancel}
<details><summary>Test cards</summary>${cardTable}</details>`,
  );
}

/** /pay/{session}: a form for a card. A number that is no test card is refused and not kept. */
export function payPage(books: Books, method: string, id: string, body: string): PageResponse {
  const session = books.ledger.find<Session>('checkout.session', id);
  if (!session) return gone('payment');
  if (session.status === 'complete') return { status: 303, location: session.success_url };
  if (session.status === 'expired') return gone('payment');
  if (method !== 'POST') return { status: 200, html: cardForm(session) };
  const { number } = parseForm(body);
  const card = cardOfNumber(typeof number === 'string' ? number : '');
  if (!card) return { status: 422, html: cardForm(session, 'Only the test cards that are listed below are accepted.') };
  const intent = payOnPage(books, session, card);
  if (intent.status === 'requires_action') return { status: 303, location: `${books.publicUrl}/3ds/${intent.id}` };
  if (intent.status === 'requires_payment_method') {
    return { status: 402, html: cardForm(session, card.decline?.message ?? 'Your card was declined.') };
  }
  return { status: 303, location: session.success_url };
}

const NOT_APPROVED = { message: 'We are unable to authenticate your payment method.', type: 'card_error' };

/** /3ds/{intent}: what a bank would ask its customer. */
export function challengePage(books: Books, method: string, id: string, body: string): PageResponse {
  const { ledger } = books;
  const intent = ledger.find<Intent>('payment_intent', id);
  if (!intent) return gone('request');
  const { returnUrl, session: sessionId } = ledger.internal(id);
  const session = sessionId === undefined ? undefined : ledger.find<Session>('checkout.session', sessionId);
  if (intent.status !== 'requires_action') return back(returnUrl, intent);
  if (method !== 'POST') return { status: 200, html: approvalForm(intent) };
  if (parseForm(body)['decision'] === 'approve') {
    chargeCard(books, intent, { ...cardOf(intent.payment_method ?? '') });
    if (session) completeSession(books, session, intent);
    return back(returnUrl, intent);
  }
  intent.status = 'requires_payment_method';
  intent.next_action = null;
  intent.last_payment_error = { code: 'payment_intent_authentication_failure', ...NOT_APPROVED };
  changed(books, intent, 'payment_intent.payment_failed');
  return session ? { status: 303, location: `${books.publicUrl}/pay/${session.id}` } : back(returnUrl, intent);
}

function back(returnUrl: string | null | undefined, intent: Intent): PageResponse {
  if (returnUrl) return { status: 303, location: returnUrl };
  return { status: 200, html: page('Thank you', `<p>This payment is now: ${escaped(intent.status)}.</p>`) };
}

const approvalForm = ({ amount, currency }: Intent): string =>
  page(
    'Your test bank asks (3-D Secure)',
    `<p>Do you approve a payment of <strong>${amountText(amount, currency)}</strong>?</p>
<form method="post"><button name="decision" value="approve">Approve</button>
<button name="decision" value="decline">Decline</button></form>`,
  );

/** Which page a path is. */
export function pageOf(books: Books, method: string, path: string, body: string): PageResponse | undefined {
  const [, kind, id = '', more] = path.split('/');
  if (more !== undefined) return undefined;
  if (path === '/' && method === 'GET') return { status: 200, html: homePage() };
  if (kind === 'pay') return payPage(books, method, id, body);
  if (kind === '3ds') return challengePage(books, method, id, body);
  return undefined;
}
