import type { Ledger } from '../ledger/ledger.js';
import type { ProviderEvent } from '../ledger/objects.js';
import { signatureOf } from './signature.js';

const MOST_AT_ONCE = 8;
const TIMEOUT_MS = 10_000;
const LONGEST_PAUSE_MS = 60_000;
const LONGEST_NAP_MS = 1_000;
/** As at Stripe, in days: then it is given up. */
const GIVE_UP_TRIES = 3 * 24 * 60;

interface Delivery {
  readonly seq: number;
  readonly event: string;
  readonly tries: number;
}

/** Sends webhooks until each was taken with a 2xx. What is due is in the ledger: it goes on after a restart. */
export class Deliveries {
  private readonly inWork = new Map<number, Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(
    private readonly ledger: Ledger,
    private readonly target: { readonly url: string; readonly secret: string } | undefined,
  ) {}

  /** Sends what is due, and looks again. */
  run(): void {
    if (this.isStopped || !this.target) return;
    clearTimeout(this.timer);
    const room = MOST_AT_ONCE - this.inWork.size;
    if (room > 0) {
      for (const delivery of this.due(Date.now(), room)) void this.begin(delivery);
    }
    this.timer = setTimeout(() => this.run(), this.nap());
    this.timer.unref();
  }

  /** Sends an event's webhooks before anything else happens. */
  async flush(events: readonly string[]): Promise<void> {
    if (!this.target) return;
    const text =
      'SELECT seq, event, tries FROM deliveries WHERE event IN (SELECT value FROM json_each(?)) ORDER BY seq';
    for (const delivery of this.ledger.all<Delivery>(text, JSON.stringify(events))) {
      await this.begin(delivery);
    }
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private due(now: number, most: number): Delivery[] {
    const text = 'SELECT seq, event, tries FROM deliveries WHERE due <= ? ORDER BY due, seq LIMIT ?';
    const found = this.ledger.all<Delivery>(text, now, most + this.inWork.size);
    return found.filter(({ seq }) => !this.inWork.has(seq)).slice(0, most);
  }

  private nap(): number {
    if (this.inWork.size >= MOST_AT_ONCE) return LONGEST_NAP_MS;
    const next = this.ledger.one<{ due: number | null }>(
      'SELECT min(due) AS due FROM deliveries WHERE due > ?',
      Date.now(),
    );
    return Math.min(LONGEST_NAP_MS, Math.max(1, (next?.due ?? Infinity) - Date.now()));
  }

  /** One delivery is sent by one at a time. */
  private begin(delivery: Delivery): Promise<void> {
    const known = this.inWork.get(delivery.seq);
    if (known) return known;
    const work = this.attempt(delivery);
    this.inWork.set(delivery.seq, work);
    return work;
  }

  private async attempt({ seq, event, tries }: Delivery): Promise<void> {
    try {
      const taken = await this.send(event);
      if (taken || tries >= GIVE_UP_TRIES) this.ledger.run('DELETE FROM deliveries WHERE seq = ?', seq);
      else this.postpone(seq, tries);
    } finally {
      this.inWork.delete(seq);
      this.run();
    }
  }

  private postpone(seq: number, tries: number): void {
    const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** Math.min(tries, 10));
    this.ledger.run('UPDATE deliveries SET tries = tries + 1, due = ? WHERE seq = ?', Date.now() + pause, seq);
  }

  private async send(id: string): Promise<boolean> {
    const event = this.ledger.find<ProviderEvent>('event', id);
    if (!event || !this.target) return true;
    const body = JSON.stringify(event);
    const { url, secret } = this.target;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': signatureOf(body, secret, Math.floor(Date.now() / 1000)),
        },
        body,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }
}
