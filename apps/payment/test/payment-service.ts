import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import { type Caller, type ErrorBody, newId } from '@stoa/messaging';
import { type AskOptions, type OperationName, ServiceUnderTest } from '@stoa/messaging/testing';
import { payment, type AuthoriseReply, type PaymentDetails, type PaymentState } from '@stoa/payment-contract';
import { startProvider, type RunningProvider } from '@stoa/payment-provider/testing';
import { testKeyspaces, type TestKeyspaces } from '@stoa/sharded-service/testing';
import { type Clone } from '@stoa/testing';
import { paymentKeyspace } from '../src/storage/keyspace.js';

/** A reply with its body parsed; that of an error has a `code`. */
export interface Reply {
  readonly ok: boolean;
  readonly body: z.output<typeof AuthoriseReply> &
    PaymentState &
    PaymentDetails &
    ErrorBody & { readonly received: boolean; readonly items: readonly PaymentDetails[] };
}

export interface PaymentChanged {
  readonly version: number;
  readonly data: z.output<typeof payment.paymentChanged.data>;
}

export const ORDER: Caller = { kind: 'service', name: 'order' };
export const OPERATOR: Caller = { kind: 'operator', customerId: newId() };

/** An intent at the provider. */
export interface Intent {
  readonly id: string;
  readonly status: string;
  readonly amount: number;
  readonly amount_received: number;
}

/** An order that is to be paid. */
export interface TestOrder {
  readonly customerId: string;
  readonly orderId: string;
}

export const newOrder = (customerId = newId()): TestOrder => ({ customerId, orderId: newId() });

export const euros = (amount: number): { amount: number; currency: string } => ({ amount, currency: 'EUR' });

/** The payment service for real, with the local provider, and this test as order and gateway. */
export class PaymentService {
  provider!: RunningProvider;
  private gateway!: Server;
  /** Webhooks as they came: refused while `areRefused`. */
  readonly webhooks: { readonly body: string; readonly signature: string }[] = [];
  areRefused = false;

  private constructor(
    readonly data: TestKeyspaces,
    private readonly service: ServiceUnderTest<typeof payment>,
  ) {}

  static async start(): Promise<PaymentService> {
    const data = await testKeyspaces([paymentKeyspace]);
    const started = new PaymentService(data, await ServiceUnderTest.open(payment));
    await started.listen();
    return started;
  }

  startClone(env: Record<string, string> = {}): Promise<Clone> {
    return this.service.startClone({
      DIRECTORY_URL: this.data.directoryUrl,
      STRIPE_SECRET_KEY: this.provider.secretKey,
      STRIPE_WEBHOOK_SECRET: this.provider.webhookSecret,
      STRIPE_API_URL: this.provider.url,
      PAYMENT_RETURN_URL: 'https://shop.example/paid',
      ...env,
    });
  }

  killClones(): Promise<void> {
    return this.service.killClones();
  }

  ask(operation: OperationName<typeof payment>, input: object, caller: Caller = ORDER, options?: AskOptions) {
    return this.service.ask<Reply['body']>(operation, input, caller, options) as Promise<Reply>;
  }

  /** Tries to pay with a test card's token; on the provider's page if there is none. */
  authorise(order: TestOrder, attemptId: string, amount: object, token?: string, options?: AskOptions): Promise<Reply> {
    const method = { provider: 'card', ...(token !== undefined && { token }) };
    return this.ask('authorise', { ...order, attemptId, amount, method }, ORDER, options);
  }

  /** The payment as operators see it. */
  async details({ orderId }: TestOrder): Promise<PaymentDetails> {
    return (await this.ask('getPayment', { id: orderId }, OPERATOR)).body;
  }

  /** All events of a customer so far, in their order. Waits until there are `count`. */
  async events({ customerId }: TestOrder, count: number): Promise<PaymentChanged[]> {
    const records = await this.service.published(['events'], count, ({ key }) => key?.toString() === customerId);
    return records.map(({ value, headers }) => ({
      version: Number(headers['version']),
      data: JSON.parse(value?.toString() ?? '') as PaymentChanged['data'],
    }));
  }

  rows<Row = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
    return this.data.rows<Row>(paymentKeyspace.name, sql, values);
  }

  /** The provider's books of an order, by its API. */
  async intentsOf({ orderId }: TestOrder): Promise<Intent[]> {
    const query = new URLSearchParams({ query: `metadata['order_id']:'${orderId}'`, limit: '100' });
    return (await this.atProvider<{ data: Intent[] }>(`/v1/payment_intents/search?${query.toString()}`)).data;
  }

  /** Refunds at the provider of an order. */
  async refundsOf(order: TestOrder): Promise<number[]> {
    const intents = await this.intentsOf(order);
    const lists = await Promise.all(
      intents.map(({ id }) => this.atProvider<{ data: { amount: number }[] }>(`/v1/refunds?payment_intent=${id}`)),
    );
    return lists.flatMap(({ data }) => data.map(({ amount }) => amount));
  }

  /** Captures as somebody does who is signed in at the provider. */
  async captureAtProvider(intent: string): Promise<void> {
    await this.atProvider(`/v1/payment_intents/${intent}/capture`, 'POST');
  }

  /** All messages of this service's topics so far. */
  async messagesAsText(): Promise<string> {
    const records = await this.service.published(['events'], 1);
    return records.map(({ value }) => value?.toString() ?? '').join('\n');
  }

  private async atProvider<T>(path: string, method = 'GET'): Promise<T> {
    const headers = { authorization: `Bearer ${this.provider.secretKey}` };
    return (await (await fetch(`${this.provider.url}${path}`, { method, headers })).json()) as T;
  }

  logs(): string {
    return this.service.logs();
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.data.drop();
    await this.provider.stop();
    this.gateway.closeAllConnections();
    await new Promise((resolve) => void this.gateway.close(resolve));
  }

  /** Takes webhooks as the gateway does: the bytes as they came, and the header with their signature. */
  private async listen(): Promise<void> {
    this.gateway = createServer((request, response) => {
      void this.takeWebhook(request).then((status) => response.writeHead(status).end());
    });
    await new Promise<void>((resolve) => void this.gateway.listen(0, '127.0.0.1', resolve));
    const { port } = this.gateway.address() as AddressInfo;
    this.provider = await startProvider({ webhookUrl: `http://127.0.0.1:${port}/`, lateMs: 1_000 });
  }

  private async takeWebhook(request: Parameters<typeof text>[0] & { headers: object }): Promise<number> {
    const body = await text(request);
    const signature = String((request.headers as Record<string, string>)['stripe-signature']);
    this.webhooks.push({ body, signature });
    if (this.areRefused) return 503;
    return (await this.deliver(body, signature).catch(() => ({ ok: false }))).ok ? 200 : 400;
  }

  deliver(body: string, signature: string): Promise<Reply> {
    const guest: Caller = { kind: 'guest', customerId: newId() };
    return this.ask('receiveStripeEvent', { body, headers: { 'stripe-signature': signature } }, guest);
  }
}
