import { newId } from '@stoa/messaging';
import { signatureOf } from '@stoa/payment-provider';
import { eventually } from '@stoa/testing';
import { euros, newOrder, PaymentService, type TestOrder } from '../../test/payment-service.js';

let service: PaymentService;

beforeAll(async () => {
  service = await PaymentService.start();
  await service.startClone();
});

afterAll(() => service.stop());

const OPTIONS = { timeoutMs: 60_000 };

const attemptsOf = async (order: TestOrder) => (await service.details(order)).attempts;

async function becomes(order: TestOrder, ...statuses: string[]): Promise<void> {
  await eventually(
    async () => expect((await attemptsOf(order)).map(({ status }) => status)).toEqual(statuses),
    OPTIONS,
  );
}

/** Gives a card on the provider's page, as a browser does. @returns where it leads */
async function pay(url: string, form: Record<string, string>): Promise<string> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });
  return response.headers.get('location') ?? `${response.status}`;
}

const VISA = { number: '4242 4242 4242 4242' };
const eventsOf = (order: TestOrder) => service.webhooks.filter(({ body }) => body.includes(order.orderId));

describe('a payment on the page of the provider', () => {
  it('is known by its webhook, also after a card that was declined', async () => {
    const order = newOrder();
    const { body } = await service.authorise(order, newId(), euros(1_200));
    expect(body.status).toBe('requires_action');
    expect(await pay(body.action!.url, { number: '4000 0000 0000 0002' })).toBe('402');
    expect(await pay(body.action!.url, VISA)).toBe('https://shop.example/paid');
    await becomes(order, 'authorised');
    await eventually(
      async () => expect((await attemptsOf(order))[0]?.card).toEqual({ brand: 'visa', last4: '4242' }),
      OPTIONS,
    );
  });

  it('is known without any webhook', async () => {
    service.areRefused = true;
    try {
      const order = newOrder();
      const { body } = await service.authorise(order, newId(), euros(1_200));
      await pay(body.action!.url, VISA);
      await becomes(order, 'authorised');
    } finally {
      service.areRefused = false;
    }
  });

  it('asks for approval: granted, or not', async () => {
    const granted = newOrder();
    const asked = await service.authorise(granted, newId(), euros(1_200), 'pm_card_authenticationRequired');
    expect(asked.body.status).toBe('requires_action');
    expect(await pay(asked.body.action!.url, { decision: 'approve' })).toBe('https://shop.example/paid');
    await becomes(granted, 'authorised');
    const refused = newOrder();
    const other = await service.authorise(refused, newId(), euros(1_200), 'pm_card_authenticationRequired');
    await pay(other.body.action!.url, { decision: 'decline' });
    await becomes(refused, 'failed');
    expect((await attemptsOf(refused))[0]?.reason).toBe('payment_intent_authentication_failure');
  });

  it('of two pages of one order takes one: the older is closed when the newer opens', async () => {
    const order = newOrder();
    const first = await service.authorise(order, newId(), euros(1_200));
    const second = await service.authorise(order, newId(), euros(1_200));
    expect(await pay(first.body.action!.url, VISA)).toBe('404');
    expect(await pay(second.body.action!.url, VISA)).toBe('https://shop.example/paid');
    await becomes(order, 'voided', 'authorised');
    expect((await service.intentsOf(order)).map(({ status }) => status)).toEqual(['requires_capture']);
  });

  it('that was paid while the other one opened is released', async () => {
    const order = newOrder();
    const first = await service.authorise(order, newId(), euros(1_200));
    await service.provider.fault({ fault: 'timeoutBefore', operation: 'expire', times: 1 });
    const opening = service.authorise(order, newId(), euros(1_200), undefined, { budgetMs: 40_000 });
    await eventually(async () => expect(await attemptsOf(order)).toHaveLength(2), OPTIONS);
    await pay(first.body.action!.url, VISA);
    const second = await opening;
    await pay(second.body.action!.url, VISA);
    await becomes(order, 'voided', 'authorised');
    expect((await service.intentsOf(order)).map(({ status }) => status).toSorted()).toEqual([
      'canceled',
      'requires_capture',
    ]);
    await service.provider.faultsOff();
  });
});

describe('webhooks', () => {
  it.each(['Early', 'Late', 'Thrice', 'Reverse', 'Never'])('that come %s change each thing once', async (how) => {
    const order = newOrder();
    const attemptId = newId();
    await service.authorise(order, attemptId, euros(900), `pm_fault_webhook${how}`);
    await service.ask('capture', { ...order, attemptId, amount: euros(900) });
    const refund = { ...order, refundId: newId(), amount: euros(400), reason: 'returned' };
    await service.ask('refund', refund);
    const { length } = { Early: [1], Late: [1], Thrice: [1, 2, 3], Reverse: [1], Never: [] }[how] ?? [];
    await eventually(() => expect(eventsOf(order).length).toBeGreaterThanOrEqual(length * 5), OPTIONS);
    expect(await service.details(order)).toMatchObject({
      status: 'partly_refunded',
      captured: euros(900),
      refunded: euros(400),
      pendingRefunds: euros(0),
    });
    const events = await service.events(order, 4);
    expect(events.map(({ data }) => data.status)).toEqual(['authorised', 'captured', 'captured', 'partly_refunded']);
  });

  it('that were sent before change nothing, by whomever', async () => {
    const order = newOrder();
    const attemptId = newId();
    await service.authorise(order, attemptId, euros(900), 'pm_card_visa');
    await eventually(() => expect(eventsOf(order)).toHaveLength(3), OPTIONS);
    await service.ask('capture', { ...order, attemptId, amount: euros(900) });
    await service.ask('refund', { ...order, refundId: newId(), amount: euros(900), reason: 'returned' });
    for (const { body, signature } of eventsOf(order)) {
      expect((await service.deliver(body, signature)).ok).toBe(true);
    }
    expect((await service.details(order)).status).toBe('refunded');
  });

  it('are refused when forged, changed, unsigned, or signed long ago', async () => {
    const order = newOrder();
    const first = await service.authorise(order, newId(), euros(900));
    expect(first.body.status).toBe('requires_action');
    const forged = JSON.stringify({
      id: 'evt_forged',
      object: 'event',
      type: 'payment_intent.succeeded',
      data: {
        object: {
          object: 'payment_intent',
          id: 'pi_forged',
          status: 'succeeded',
          amount_received: 900,
          currency: 'eur',
          metadata: { customer_id: order.customerId, order_id: order.orderId, attempt_id: first.body.attemptId },
        },
      },
    });
    const now = Math.floor(Date.now() / 1000);
    const { webhookSecret } = service.provider;
    const right = signatureOf(forged, webhookSecret, now);
    for (const [body, signature] of [
      [forged, signatureOf(forged, 'whsec_guessed', now)],
      [`${forged} `, right],
      [forged, ''],
      [forged, signatureOf(forged, webhookSecret, now - 3_600)],
    ] as const) {
      expect((await service.deliver(body, signature)).body.code).toBe('SIGNATURE_INVALID');
    }
    expect((await attemptsOf(order))[0]?.status).toBe('requires_action');
  });

  it('about nothing of ours are taken, and say so', async () => {
    const event = JSON.stringify({ id: 'evt_x', object: 'event', type: 'customer.created', data: { object: {} } });
    const signature = signatureOf(event, service.provider.webhookSecret, Math.floor(Date.now() / 1000));
    expect((await service.deliver(event, signature)).body.received).toBe(false);
  });
});

describe('a surplus', () => {
  it('of an attempt that was over goes back, and is reported', async () => {
    const order = newOrder();
    const attemptId = newId();
    await service.authorise(order, attemptId, euros(900), 'pm_card_visa');
    const [intent] = await service.rows<{ reference: string }>('SELECT reference FROM attempts WHERE attempt_id = $1', [
      attemptId,
    ]);
    // Somebody captures at the provider's own page what is being voided here.
    await service.provider.fault({ fault: 'timeoutBefore', operation: 'cancel', times: 1 });
    const voiding = service.ask('void', { ...order, attemptId, reason: 'hold ended' }, undefined, { budgetMs: 40_000 });
    await eventually(async () => expect((await attemptsOf(order))[0]?.wanted).toBe('void'), OPTIONS);
    await service.captureAtProvider(intent!.reference);
    await voiding;
    await eventually(async () => expect(await service.details(order)).toMatchObject({ status: 'refunded' }), OPTIONS);
    const events = await service.events(order, 4);
    expect(events.at(-1)?.data).toMatchObject({
      status: 'refunded',
      captured: euros(900),
      refunded: euros(900),
      refundId: attemptId,
      reason: 'surplus',
    });
    expect(await service.refundsOf(order)).toEqual([900]);
  });
});

describe('card data', () => {
  it('are in no log, no row and no message', async () => {
    const digits = /4242\s?4242\s?4242\s?4242|4000000000000002/;
    expect(service.logs()).not.toMatch(digits);
    const tables = ['payments', 'attempts', 'refunds', 'provider_events', 'outbox', 'inbox'];
    for (const table of tables) {
      expect(JSON.stringify(await service.rows(`SELECT t::text FROM ${table} AS t`))).not.toMatch(digits);
    }
    expect(await service.messagesAsText()).not.toMatch(digits);
  });
});
