import { newId } from '@stoa/messaging';
import { eventually } from '@stoa/testing';
import { euros, newOrder, OPERATOR, PaymentService } from '../../test/payment-service.js';

let service: PaymentService;

beforeAll(async () => {
  service = await PaymentService.start();
  await service.startClone();
});

afterAll(() => service.stop());

/** Pays an order. @returns its attempt */
async function paid(order = newOrder(), amount = 2_500, token = 'pm_card_visa'): Promise<string> {
  const attemptId = newId();
  expect(await service.authorise(order, attemptId, euros(amount), token)).toMatchObject({
    ok: true,
    body: { status: 'authorised' },
  });
  expect(await service.ask('capture', { ...order, attemptId, amount: euros(amount) })).toMatchObject({
    ok: true,
    body: { status: 'captured', captured: euros(amount) },
  });
  return attemptId;
}

const refund = (order: object, amount: number, refundId = newId()) =>
  service.ask('refund', { ...order, refundId, amount: euros(amount), reason: 'returned' });

describe('a payment', () => {
  it('is held, taken in part, given back in parts, and never more than was taken', async () => {
    const order = newOrder();
    const attemptId = newId();
    const held = await service.authorise(order, attemptId, euros(3_000), 'pm_card_visa');
    expect(held.body).toEqual({ attemptId, status: 'authorised', card: { brand: 'visa', last4: '4242' } });
    const part = { ...order, attemptId, amount: euros(2_500) };
    expect((await service.ask('capture', part)).body).toMatchObject({ status: 'captured', captured: euros(2_500) });
    expect((await refund(order, 1_000)).body).toMatchObject({ status: 'partly_refunded', refunded: euros(1_000) });
    expect((await refund(order, 1_501)).body.code).toBe('REFUND_EXCEEDS_CAPTURE');
    expect((await refund(order, 1_500)).body).toMatchObject({ status: 'refunded', refunded: euros(2_500) });
    const events = await service.events(order, 6);
    expect(events.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(events.map(({ data }) => [data.status, data.refundStatus])).toEqual([
      ['authorised', undefined],
      ['captured', undefined],
      ['captured', 'pending'],
      ['partly_refunded', 'succeeded'],
      ['partly_refunded', 'pending'],
      ['refunded', 'succeeded'],
    ]);
  });

  it('is taken once', async () => {
    const order = newOrder();
    const attemptId = await paid(order);
    const again = { ...order, attemptId };
    expect((await service.ask('capture', { ...again, amount: euros(2_500) })).body.status).toBe('captured');
    expect((await service.ask('capture', { ...again, amount: euros(100) })).body.code).toBe('NOTHING_TO_CAPTURE');
    expect((await service.ask('void', { ...again, reason: 'x' })).body.code).toBe('ALREADY_CAPTURED');
    const other = await service.authorise(order, newId(), euros(2_500), 'pm_card_visa');
    expect(other.body.code).toBe('ALREADY_PAID');
    expect(await service.intentsOf(order)).toMatchObject([{ status: 'succeeded', amount_received: 2_500 }]);
  });

  it('keeps to one currency, with the exponent of each', async () => {
    const yen = newOrder();
    const attemptId = newId();
    await service.authorise(yen, attemptId, { amount: 500, currency: 'JPY' }, 'pm_card_visa');
    expect(await service.intentsOf(yen)).toMatchObject([{ amount: 500, currency: 'jpy' }]);
    const inEuros = await service.ask('capture', { ...yen, attemptId, amount: euros(500) });
    expect(inEuros.body.code).toBe('CURRENCY_MISMATCH');
    const dinars = newOrder();
    await service.authorise(dinars, newId(), { amount: 12_340, currency: 'KWD' }, 'pm_card_visa');
    expect(await service.intentsOf(dinars)).toMatchObject([{ amount: 12_340, currency: 'kwd' }]);
    const fils = await service.authorise(newOrder(), newId(), { amount: 12_345, currency: 'KWD' }, 'pm_card_visa');
    expect(fils.body.code).toBe('AMOUNT_UNSUPPORTED');
    const kronur = newOrder();
    await service.authorise(kronur, newId(), { amount: 77, currency: 'ISK' }, 'pm_card_visa');
    expect(await service.intentsOf(kronur)).toMatchObject([{ amount: 7_700, currency: 'isk' }]);
  });

  it('fails with the reason of the bank, and another attempt may be made', async () => {
    const order = newOrder();
    const declined = await service.authorise(order, newId(), euros(900), 'pm_card_chargeDeclinedInsufficientFunds');
    expect(declined.body).toMatchObject({ status: 'failed', reason: 'insufficient_funds' });
    expect((await service.authorise(order, newId(), euros(900), 'pm_nonsense')).body).toMatchObject({
      status: 'failed',
      reason: 'resource_missing',
    });
    expect((await service.authorise(order, newId(), euros(900), 'pm_card_visa')).body.status).toBe('authorised');
    expect((await service.details(order)).attempts.map(({ status }) => status)).toEqual([
      'failed',
      'failed',
      'authorised',
    ]);
  });

  it('is for the service order alone', async () => {
    const order = newOrder();
    const input = {
      ...order,
      attemptId: newId(),
      amount: euros(1),
      method: { provider: 'card', token: 'pm_card_visa' },
    };
    const customer = { kind: 'customer', customerId: order.customerId } as const;
    for (const caller of [customer, OPERATOR, { kind: 'service', name: 'cart' } as const]) {
      expect((await service.ask('authorise', input, caller)).body.code).toBe('FORBIDDEN');
    }
  });

  it("is another's where it is not found", async () => {
    const attemptId = await paid(newOrder());
    const amount = euros(1);
    expect((await service.ask('capture', { ...newOrder(), attemptId, amount })).body.code).toBe('NOT_FOUND');
    expect((await refund(newOrder(), 1)).body.code).toBe('NOT_FOUND');
    expect((await service.ask('getPayment', { id: newId() }, OPERATOR)).body.code).toBe('NOT_FOUND');
  });

  it('gives back no more by two refunds at once', async () => {
    const order = newOrder();
    await paid(order, 1_000);
    const replies = await Promise.all([700, 700, 300, 300].map((amount) => refund(order, amount)));
    const granted = replies.filter(({ ok }) => ok).length;
    expect(replies.filter(({ body }) => body.code === 'REFUND_EXCEEDS_CAPTURE')).toHaveLength(4 - granted);
    const { refunded, captured } = await service.details(order);
    expect(refunded.amount).toBeLessThanOrEqual(captured.amount);
    expect(refunded.amount).toBeGreaterThan(0);
  });

  it('waits for refunds that take their time, or fail', async () => {
    const slow = newOrder();
    await paid(slow, 1_000, 'pm_fault_refundPending');
    expect((await refund(slow, 400)).body).toMatchObject({ status: 'captured', pendingRefunds: euros(400) });
    expect((await refund(slow, 700)).body.code).toBe('REFUND_EXCEEDS_CAPTURE');
    const failing = newOrder();
    await paid(failing, 1_000, 'pm_fault_refundFails');
    await refund(failing, 400);
    await eventually(
      async () => {
        expect(await service.details(slow)).toMatchObject({ refunded: euros(400), pendingRefunds: euros(0) });
        expect(await service.details(failing)).toMatchObject({ refunded: euros(0), pendingRefunds: euros(0) });
      },
      { timeoutMs: 60_000 },
    );
    expect((await refund(failing, 1_000)).ok).toBe(true);
  });
});

describe('a payment by hand', () => {
  const manual = (order: object, attemptId: string, kind: string) =>
    service.ask('authorise', { ...order, attemptId, amount: euros(700), method: { provider: 'manual', kind } });

  it('is taken when an operator says so, in its amount', async () => {
    const order = newOrder();
    expect((await manual(order, newId(), 'transfer')).body.status).toBe('pending');
    const received = (amount: number) =>
      service.ask('markReceived', { id: order.orderId, amount: euros(amount) }, OPERATOR);
    expect((await received(699)).body.code).toBe('AMOUNT_MISMATCH');
    expect((await received(700)).body).toMatchObject({ status: 'captured', captured: euros(700) });
    expect((await received(700)).ok).toBe(true);
    expect((await refund(order, 200)).body).toMatchObject({ status: 'partly_refunded', refunded: euros(200) });
  });

  it('is given up, and replaced by a card', async () => {
    const order = newOrder();
    const attemptId = newId();
    await manual(order, attemptId, 'cash_on_delivery');
    expect((await service.authorise(order, newId(), euros(700), 'pm_card_visa')).body.status).toBe('authorised');
    const { attempts } = await service.details(order);
    expect(attempts.map(({ status, reason }) => [status, reason])).toEqual([
      ['voided', 'superseded'],
      ['authorised', null],
    ]);
    const late = await service.ask('markReceived', { id: order.orderId, amount: euros(700) }, OPERATOR);
    expect(late.body.code).toBe('NOT_AWAITED');
  });
});

describe('lists for operators', () => {
  it('show payments by state and time, and which are unsettled', async () => {
    const order = newOrder();
    await paid(order);
    const list = async (filter: object) => (await service.ask('listPayments', filter, OPERATOR)).body.items;
    expect(await list({ customerId: order.customerId })).toMatchObject([
      { paymentId: order.orderId, status: 'captured', captured: euros(2_500) },
    ]);
    expect(await list({ customerId: order.customerId, status: 'failed' })).toEqual([]);
    expect(await list({ customerId: order.customerId, unsettledMinutes: 0 })).toEqual([]);
    const first = (await service.ask('listPayments', { limit: 2 }, OPERATOR)).body as unknown as { next: string };
    expect(first.next).toEqual(expect.any(String));
    expect((await service.ask('listPayments', { limit: 2, cursor: first.next }, OPERATOR)).body.items).toHaveLength(2);
  });

  it('show customers their own', async () => {
    const order = newOrder();
    await paid(order);
    const mine = await service.ask('listMyPayments', {}, { kind: 'customer', customerId: order.customerId });
    expect(mine.body.items.map(({ paymentId }) => paymentId)).toEqual([order.orderId]);
  });
});
