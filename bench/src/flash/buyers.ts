import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openKafka, type KafkaPort } from '@stoa/kafka';
import { newId, StoaClient, type Caller, type MessagingOptions } from '@stoa/messaging';
import { pause } from '@stoa/timing';
import type { Stack } from '../stack.js';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const ORDER: Caller = { kind: 'service', name: 'order' };
const BUDGET_MS = 5_000;
const HOLD_SECONDS = 900;
const SIDE_BY_SIDE = 250;
const AGAIN_MS = 100;
/** Nothing is decided: the same command is sent again, under its id. */
const COME_AGAIN = new Set(['OVERLOADED', 'UNAVAILABLE', 'DEADLINE_EXCEEDED']);
/** Of the contract that has holds. */
const CONTRACT_VERSION = 4;

/** A service's password at the stack's broker. */
async function passwordOf({ stateDir }: Stack, service: string): Promise<string> {
  const { users } = JSON.parse(await readFile(join(stateDir, 'kafka.json'), 'utf8')) as {
    users: Record<string, string>;
  };
  const password = users[service];
  if (password === undefined) throw new Error(`the stack's broker doesn't know the service ${service}`);
  return password;
}

/** How one buyer's try to hold a piece ended. */
export interface Try {
  readonly code: string;
  /** From the press of the button to the final reply. */
  readonly ms: number;
}

/** Buyers exist to hold pieces as the flows of orders do: they call the catalog over Kafka as the service order. */
export class Buyers {
  private constructor(
    private readonly port: KafkaPort,
    private readonly client: StoaClient,
  ) {}

  static async open(stack: Stack): Promise<Buyers> {
    const kafka = (await stack.processes()).find(({ name }) => name === 'kafka');
    if (!kafka?.port) throw new Error('the stack has no Kafka');
    const options: MessagingOptions = {
      brokers: [`127.0.0.1:${kafka.port}`],
      client: 'platformatic',
      topicPrefix: '',
      service: 'order',
      clone: 'bench',
      logger: silent,
      replicationFactor: 1,
      partitions: 12,
      access: { sasl: { mechanism: 'scram-sha-512', username: 'order', password: await passwordOf(stack, 'order') } },
      provesCallers: true,
    };
    const port = await openKafka({ ...options, clientId: options.clone });
    const client = new StoaClient(port, options);
    await client.connect();
    return new Buyers(port, client);
  }

  /** Lets so many press at once. Each waits for its turn, as at a shop's door; its time counts from the press. */
  async pressAll(sku: string, buyers: number): Promise<Try[]> {
    const started = performance.now();
    const tries: Try[] = [];
    let left = buyers;
    const door = async (): Promise<void> => {
      while (left-- > 0) tries.push(await this.press(sku, started));
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, door));
    return tries;
  }

  /** Holds one piece for an order of its own; one that is asked to come again does, until it has a reply. */
  private async press(sku: string, started: number): Promise<Try> {
    const orderId = newId();
    const body = JSON.stringify({ orderId, lines: [{ sku, quantity: 1 }], holdSeconds: HOLD_SECONDS });
    const id = newId();
    for (;;) {
      const code = await this.ask(orderId, id, body);
      if (!COME_AGAIN.has(code)) return { code, ms: performance.now() - started };
      await pause(AGAIN_MS);
    }
  }

  private async ask(orderId: string, id: string, body: string): Promise<string> {
    try {
      const reply = await this.client.request({
        service: 'catalog',
        operation: 'holdStock',
        kind: 'command',
        key: orderId,
        id,
        caller: ORDER,
        budgetMs: BUDGET_MS,
        contractVersion: CONTRACT_VERSION,
        body,
      });
      return reply.ok ? 'ok' : (JSON.parse(reply.body.toString()) as { code: string }).code;
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : String(error);
    }
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.port.close();
  }
}
