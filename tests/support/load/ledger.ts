import { readFileSync } from 'node:fs';
import path from 'node:path';
import { stateDir } from '../servers.js';
import { processes } from '../stack.js';

/** Money of one order, as the local payment provider has it in its books. */
export interface Booked {
  /** Payments that hold money of a card, or took it. */
  payments: number;
  captured: number;
  /** Authorised, and neither captured nor voided. */
  open: number;
}

interface Intent {
  readonly id: string;
  readonly status: string;
  readonly amount: number;
  readonly amount_received: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** @returns what the provider's ledger says of each order that it has heard of, by order id */
export async function readLedger(): Promise<Map<string, Booked>> {
  const file = path.join(stateDir(), 'payments.json');
  const { secretKey } = JSON.parse(readFileSync(file, 'utf8')) as { secretKey: string };
  const port = (await processes()).find(({ kind }) => kind === 'payments')?.port;
  if (!port) throw new Error('the local payment provider does not run');
  const authorization = `Basic ${Buffer.from(`${secretKey}:`).toString('base64')}`;
  const orders = new Map<string, Booked>();
  for (let after = ''; ;) {
    const url = `http://127.0.0.1:${port}/v1/payment_intents?limit=100${after && `&starting_after=${after}`}`;
    const response = await fetch(url, { headers: { authorization }, signal: AbortSignal.timeout(30_000) });
    if (!response.ok) throw new Error(`the provider's ledger: ${response.status} ${await response.text()}`);
    const page = (await response.json()) as { data: Intent[]; has_more: boolean };
    for (const intent of page.data) add(orders, intent);
    const last = page.data.at(-1);
    if (!page.has_more || !last) return orders;
    after = last.id;
  }
}

function add(orders: Map<string, Booked>, { status, amount, amount_received, metadata }: Intent): void {
  const orderId = metadata['order_id'];
  if (orderId === undefined) return;
  const booked = orders.get(orderId) ?? { payments: 0, captured: 0, open: 0 };
  const isOpen = status === 'requires_capture';
  if (isOpen || status === 'succeeded') booked.payments += 1;
  booked.captured += amount_received;
  if (isOpen) booked.open += amount;
  orders.set(orderId, booked);
}
