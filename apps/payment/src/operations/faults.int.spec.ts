import { newId } from '@stoa/messaging';
import { eventually } from '@stoa/testing';
import { euros, newOrder, PaymentService, type TestOrder } from '../../test/payment-service.js';

let service: PaymentService;

beforeAll(async () => {
  service = await PaymentService.start();
  await service.startClone();
});

afterAll(() => service.stop());
afterEach(async () => {
  service.areRefused = false;
  await service.provider.faultsOff();
});

const OPTIONS = { timeoutMs: 90_000 };
const BUDGET = { budgetMs: 40_000 };

async function becomes(order: TestOrder, ...statuses: string[]): Promise<void> {
  await eventually(async () => {
    expect((await service.details(order)).attempts.map(({ status }) => status)).toEqual(statuses);
  }, OPTIONS);
}

const capture = (order: TestOrder, attemptId: string, amount = 800) =>
  service.ask('capture', { ...order, attemptId, amount: euros(amount) }, undefined, BUDGET);
const voided = (order: TestOrder, attemptId: string) =>
  service.ask('void', { ...order, attemptId, reason: 'hold ended' }, undefined, BUDGET);

describe('a provider that gives no reply', () => {
  it.each(['timeoutAfter', '500After'])('%s: the charge is found by its id, and not made again', async (fault) => {
    service.areRefused = true;
    const order = newOrder();
    const attemptId = newId();
    const first = await service.authorise(order, attemptId, euros(800), `pm_fault_${fault}`, BUDGET);
    expect(first.body.status).toBe('unknown');
    const other = await service.authorise(order, newId(), euros(800), 'pm_card_visa', BUDGET);
    if (!other.ok) expect(['ATTEMPT_UNSETTLED', 'ALREADY_PAID']).toContain(other.body.code);
    await becomes(order, 'authorised');
    expect(await service.intentsOf(order)).toHaveLength(1);
    const events = await service.events(order, 2);
    expect(events.map(({ data }) => data.status)).toEqual(['unknown', 'authorised']);
  });

  it('timeoutBefore: the charge is made once the provider responds again', async () => {
    await service.provider.fault({ fault: 'timeoutBefore', operation: 'create', times: 1 });
    const order = newOrder();
    const lost = await service.authorise(order, newId(), euros(800), 'pm_card_visa', BUDGET);
    expect(lost.body.status).toBe('unknown');
    await becomes(order, 'authorised');
    expect(await service.intentsOf(order)).toHaveLength(1);
  });

  it('500Before: an error that the provider repeats is believed, and another attempt may be made', async () => {
    const order = newOrder();
    const failing = await service.authorise(order, newId(), euros(800), 'pm_fault_500Before', BUDGET);
    expect(failing.body.status).toBe('unknown');
    await becomes(order, 'failed');
    expect((await service.authorise(order, newId(), euros(800), 'pm_card_visa')).body.status).toBe('authorised');
  });

  it('429: asked again until it takes the request', async () => {
    const order = newOrder();
    await service.authorise(order, newId(), euros(800), 'pm_fault_429', BUDGET);
    await becomes(order, 'authorised');
  });

  it.each(['timeoutAfter', '500After', '500Before', '429'])('%s: a capture is done once', async (fault) => {
    const order = newOrder();
    const attemptId = newId();
    await service.authorise(order, attemptId, euros(800), 'pm_card_visa', BUDGET);
    await service.provider.fault({ fault, operation: 'capture', times: 1 });
    expect((await capture(order, attemptId)).ok).toBe(true);
    await becomes(order, 'captured');
    expect(await service.intentsOf(order)).toMatchObject([{ amount_received: 800 }]);
  });

  it.each(['timeoutAfter', '500After', '500Before', '429'])('%s: a refund is done once', async (fault) => {
    const order = newOrder();
    const attemptId = newId();
    await service.authorise(order, attemptId, euros(800), 'pm_card_visa', BUDGET);
    await capture(order, attemptId);
    await service.provider.fault({ fault, operation: 'refund', times: 1 });
    const refund = { ...order, refundId: newId(), amount: euros(500), reason: 'returned' };
    expect((await service.ask('refund', refund, undefined, BUDGET)).ok).toBe(true);
    await eventually(async () => {
      expect(await service.details(order)).toMatchObject({ refunded: euros(500), pendingRefunds: euros(0) });
    }, OPTIONS);
    expect(await service.refundsOf(order)).toEqual([500]);
  });

  it('releases an attempt that is still unknown', async () => {
    service.areRefused = true;
    const order = newOrder();
    const attemptId = newId();
    await service.authorise(order, attemptId, euros(800), 'pm_fault_timeoutAfter', BUDGET);
    await voided(order, attemptId);
    await becomes(order, 'voided');
    expect(await service.intentsOf(order)).toMatchObject([{ status: 'canceled' }]);
  });
});

describe('a clone that dies after the provider charged', () => {
  it('leaves the charge to be found by the attempt, whoever asks again', async () => {
    service.areRefused = true;
    const order = newOrder();
    const attemptId = newId();
    const id = newId();
    await service.provider.fault({ fault: 'timeoutAfter', operation: 'create', times: 1 });
    const asked = service.authorise(order, attemptId, euros(800), 'pm_card_visa', { ...BUDGET, id }).catch(() => null);
    await eventually(async () => expect(await service.intentsOf(order)).toHaveLength(1), OPTIONS);
    await service.killClones();
    await service.startClone();
    await asked;
    const again = await service.authorise(order, attemptId, euros(800), 'pm_card_visa', { ...BUDGET, id });
    expect(['authorised', 'unknown']).toContain(again.body.status);
    await becomes(order, 'authorised');
    expect(await service.intentsOf(order)).toHaveLength(1);
  });
});

describe('an authorisation that expires', () => {
  it('is voided, and captures nothing', async () => {
    const order = newOrder();
    const attemptId = newId();
    await service.authorise(order, attemptId, euros(800), 'pm_fault_expires', BUDGET);
    await becomes(order, 'voided');
    expect((await capture(order, attemptId)).body.code).toBe('NOTHING_TO_CAPTURE');
    const [attempt] = (await service.details(order)).attempts;
    expect(attempt?.reason).toBe('expired');
  });
});

describe("Stripe's published description", () => {
  const misfits = (): string[] | undefined => service.provider.misfits();
  (process.env['STRIPE_OPENAPI'] ? it : it.skip)('fits all that was asked and said', () => {
    expect(misfits()).toEqual([]);
  });
});
