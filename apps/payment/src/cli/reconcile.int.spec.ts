import { newId } from '@stoa/messaging';
import type { PaymentDetails, PaymentSummary } from '@stoa/payment-contract';
import { eventually } from '@stoa/testing';
import { euros, newOrder, OPERATOR, PaymentService } from '../../test/payment-service.js';
import { openStripe } from '../providers/open-provider.js';
import type { Provider } from '../providers/provider.js';
import { reconcile, type PaymentReader, type Reconciliation } from './reconcile.js';

let service: PaymentService;
let provider: Provider;

beforeAll(async () => {
  service = await PaymentService.start();
  await service.startClone();
  provider = openStripe({
    STRIPE_SECRET_KEY: service.provider.secretKey,
    STRIPE_WEBHOOK_SECRET: undefined,
    STRIPE_API_URL: service.provider.url,
    PAYMENT_RETURN_URL: 'http://127.0.0.1',
  });
});

afterAll(() => service.stop());

/** The shop without the gateway. */
const shop: PaymentReader = {
  async *payments(from, until) {
    const filter = { from: from.toISOString(), until: until.toISOString(), order: 'asc', limit: 3 };
    let cursor: string | null = null;
    do {
      const asked = { ...filter, ...(cursor !== null && { cursor }) };
      const { body } = await service.ask('listPayments', asked, OPERATOR);
      const page = body as unknown as { items: PaymentSummary[]; next: string | null };
      yield* page.items;
      cursor = page.next;
    } while (cursor !== null);
  },
  async payment(id) {
    const { ok, body } = await service.ask('getPayment', { id }, OPERATOR);
    return ok ? (body as PaymentDetails) : undefined;
  },
};

const HOUR_MS = 3_600_000;
const compared = (): Promise<Reconciliation> =>
  reconcile(shop, provider, new Date(Date.now() - HOUR_MS), new Date(Date.now() + HOUR_MS));

async function paid(token: string, amount = 1_000): Promise<string> {
  const order = newOrder();
  const attemptId = newId();
  await service.authorise(order, attemptId, euros(amount), token, { budgetMs: 40_000 });
  await eventually(async () => expect((await service.details(order)).status).toBe('authorised'), { timeoutMs: 60_000 });
  await service.ask('capture', { ...order, attemptId, amount: euros(amount - 100) });
  await service.ask('refund', { ...order, refundId: newId(), amount: euros(300), reason: 'returned' });
  return order.orderId;
}

describe('the reconciliation', () => {
  it('finds no difference after a menu of faults, and the one that somebody made', async () => {
    await Promise.all(['visa', 'mastercard'].map((brand) => paid(`pm_card_${brand}`)));
    await paid('pm_fault_500After');
    await paid('pm_fault_webhookNever');
    const manual = newOrder();
    const method = { provider: 'manual', kind: 'transfer' };
    await service.ask('authorise', { ...manual, attemptId: newId(), amount: euros(50), method });
    await service.ask('markReceived', { id: manual.orderId, amount: euros(50) }, OPERATOR);
    expect(await compared()).toEqual({ payments: 5, differences: [] });

    service.areRefused = true;
    const order = newOrder();
    await service.authorise(order, newId(), euros(700), 'pm_card_visa');
    const [intent] = await service.intentsOf(order);
    await service.captureAtProvider(intent!.id);
    const { differences } = await compared();
    expect(differences).toEqual([{ paymentId: order.orderId, what: 'captured', here: '0', there: '700' }]);
  });
});
