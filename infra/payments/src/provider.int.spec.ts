import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { eventually } from '@stoa/testing';
import { Stripe } from 'stripe';
import { OpenApi, startProvider, type RunningProvider } from './testing/index.js';

interface Received {
  readonly body: string;
  readonly signature: string;
}

/** A shop as the provider's webhooks see it. */
async function listen(received: Received[]): Promise<Server> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ body, signature: String(request.headers['stripe-signature']) });
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return server;
}

const received: Received[] = [];
let shop: Server;
let provider: RunningProvider;
let stripe: Stripe;

beforeAll(async () => {
  shop = await listen(received);
  const { port } = shop.address() as AddressInfo;
  provider = await startProvider({ webhookUrl: `http://127.0.0.1:${port}/`, lateMs: 1_000 });
  stripe = clientOf();
});

afterAll(async () => {
  await provider.stop();
  shop.closeAllConnections();
  shop.close();
});

function clientOf(timeout = 20_000): Stripe {
  const { hostname, port } = new URL(provider.url);
  return new Stripe(provider.secretKey, { host: hostname, port, protocol: 'http', maxNetworkRetries: 0, timeout });
}

const params = (token: string, more: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  ({
    amount: 2_500,
    currency: 'eur',
    capture_method: 'manual',
    confirm: true,
    payment_method: token,
    return_url: 'https://shop.example/back',
    payment_method_types: ['card'],
    metadata: { attempt_id: 'a-1' },
    ...more,
  }) satisfies Stripe.PaymentIntentCreateParams;

const eventsAbout = (id: string): Stripe.Event[] =>
  received.filter(({ body }) => body.includes(id)).map(({ body }) => JSON.parse(body) as Stripe.Event);

const post = (url: string, form: Record<string, string>): Promise<Response> =>
  fetch(url, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });

describe('the local provider, by the official client', () => {
  it('authorises, captures a part, refunds no more than that', async () => {
    const intent = await stripe.paymentIntents.create(params('pm_card_visa'));
    expect(intent).toMatchObject({ status: 'requires_capture', amount_capturable: 2_500 });
    const captured = await stripe.paymentIntents.capture(intent.id, { amount_to_capture: 2_000 });
    expect(captured).toMatchObject({ status: 'succeeded', amount_received: 2_000 });
    await expect(stripe.paymentIntents.capture(intent.id)).rejects.toMatchObject({
      code: 'payment_intent_unexpected_state',
    });
    await stripe.refunds.create({ payment_intent: intent.id, amount: 1_500, metadata: { refund_id: 'r-1' } });
    await expect(stripe.refunds.create({ payment_intent: intent.id, amount: 501 })).rejects.toThrow(/greater/);
    const { data } = await stripe.refunds.list({ payment_intent: intent.id });
    expect(data.map(({ amount }) => amount)).toEqual([1_500]);
    const [expanded] = (await stripe.paymentIntents.search({ query: "metadata['attempt_id']:'a-1'" })).data;
    expect(expanded?.id).toBe(intent.id);
  });

  it('gives the same response to the same key, and an error to another request under it', async () => {
    const key = { idempotencyKey: 'attempt-7' };
    const first = await stripe.paymentIntents.create(params('pm_card_visa'), key);
    expect((await stripe.paymentIntents.create(params('pm_card_visa'), key)).id).toBe(first.id);
    await expect(stripe.paymentIntents.create(params('pm_card_visa', { amount: 1 }), key)).rejects.toMatchObject({
      type: 'StripeIdempotencyError',
    });
  });

  it('declines, and says why', async () => {
    await expect(stripe.paymentIntents.create(params('pm_card_chargeDeclinedInsufficientFunds'))).rejects.toMatchObject(
      {
        statusCode: 402,
        decline_code: 'insufficient_funds',
        payment_intent: { status: 'requires_payment_method' },
      },
    );
    await expect(stripe.paymentIntents.create(params('pm_card_visa', { amount: 15, currency: 'kwd' }))).rejects.toThrow(
      /must end in 0/,
    );
    await expect(stripe.paymentIntents.retrieve('pi_unknown')).rejects.toMatchObject({ code: 'resource_missing' });
  });

  it('signs webhooks as the client verifies them, in each order of the menu', async () => {
    const intent = await stripe.paymentIntents.create(params('pm_card_visa'));
    await eventually(() => expect(eventsAbout(intent.id)).toHaveLength(3));
    const { body, signature } = received.at(-1) as Received;
    expect(stripe.webhooks.constructEvent(body, signature, provider.webhookSecret).type).toMatch(
      /payment_intent|charge/,
    );
    const reversed = await stripe.paymentIntents.create(params('pm_fault_webhookReverse'));
    await eventually(() => expect(eventsAbout(reversed.id)).toHaveLength(3));
    expect(eventsAbout(reversed.id).map(({ type }) => type)).toEqual([
      'payment_intent.amount_capturable_updated',
      'charge.succeeded',
      'payment_intent.created',
    ]);
    const thrice = await stripe.paymentIntents.create(params('pm_fault_webhookThrice'));
    await eventually(() => expect(eventsAbout(thrice.id)).toHaveLength(9));
    const early = await stripe.paymentIntents.create(params('pm_fault_webhookEarly'));
    expect(eventsAbout(early.id)).toHaveLength(3);
  });

  it('charges and does not respond, and knows it after a restart', async () => {
    const hasty = clientOf(500);
    const metadata = { attempt_id: 'a-lost' };
    await expect(hasty.paymentIntents.create(params('pm_fault_timeoutAfter', { metadata }))).rejects.toMatchObject({
      type: 'StripeConnectionError',
    });
    await provider.restart();
    const { data } = await stripe.paymentIntents.search({ query: "metadata['attempt_id']:'a-lost'" });
    expect(data).toMatchObject([{ status: 'requires_capture' }]);
  });

  it('replays a 500 that it gave, although it charged', async () => {
    const key = { idempotencyKey: 'attempt-500' };
    for (const _ of [1, 2]) {
      await expect(stripe.paymentIntents.create(params('pm_fault_500After'), key)).rejects.toMatchObject({
        statusCode: 500,
      });
    }
    await expect(stripe.paymentIntents.create(params('pm_fault_429'), { idempotencyKey: 'k' })).rejects.toMatchObject({
      statusCode: 429,
    });
  });

  it('takes a card on its page, after an approval, and refuses real ones', async () => {
    const session = await stripe.checkout.sessions.create({
      mode: 'payment',
      line_items: [
        { quantity: 1, price_data: { currency: 'jpy', unit_amount: 500, product_data: { name: 'Order 7' } } },
      ],
      payment_intent_data: { capture_method: 'manual', metadata: { attempt_id: 'a-page' } },
      success_url: 'https://shop.example/paid',
      cancel_url: 'https://shop.example/cart',
    });
    const url = session.url ?? '';
    const form = await (await fetch(url)).text();
    expect(form).toContain('no real payment provider');
    expect(form).toContain('500 JPY');
    expect((await post(url, { number: '4539 1488 0343 6467' })).status).toBe(422);
    expect((await post(url, { number: '4000 0000 0000 0002' })).status).toBe(402);
    const challenge = (await post(url, { number: '4000 0025 0000 3155' })).headers.get('location') ?? '';
    expect(await (await fetch(challenge)).text()).toContain('no real payment provider');
    const paid = await post(challenge, { decision: 'approve' });
    expect(paid.headers.get('location')).toBe('https://shop.example/paid');
    const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent.latest_charge'] });
    expect(done).toMatchObject({
      status: 'complete',
      payment_intent: {
        status: 'requires_capture',
        latest_charge: { payment_method_details: { card: { last4: '3155' } } },
      },
    });
    await expect(stripe.checkout.sessions.expire(session.id)).rejects.toThrow(/complete/);
  });

  const described = OpenApi.open() ? it : it.skip;
  described("sends and takes what Stripe's description says", () => {
    expect(provider.exchanges.length).toBeGreaterThan(10);
    expect(provider.misfits()).toEqual([]);
    const api = OpenApi.open();
    expect(received.flatMap(({ body }) => api?.objectMisfits('event', JSON.parse(body)) ?? [])).toEqual([]);
  });
});
