import type { Books } from './api/books.js';
import { cancelIntent } from './api/charges.js';
import { endRefund } from './api/refunds.js';
import { expireSession } from './api/sessions.js';
import type { Intent, Refund, Session } from './ledger/objects.js';

/** Ends pages where nobody paid, authorisations that nobody captured, and refunds that took their time. */
export function expireDue(books: Books): void {
  const { ledger } = books;
  for (const id of ledger.takeExpired(Date.now())) {
    const session = ledger.find<Session>('checkout.session', id);
    if (session?.status === 'open') expireSession(books, session);
    const intent = ledger.find<Intent>('payment_intent', id);
    if (intent?.status === 'requires_capture') cancelIntent(books, intent, 'automatic');
    const refund = ledger.find<Refund>('refund', id);
    if (refund) endRefund(books, refund);
  }
}
