import { Ledger, nowInSeconds } from '../ledger/ledger.js';
import type { Intent, Internal, ProviderEvent, Stored } from '../ledger/objects.js';

export const API_VERSION = '2026-08-26.dahlia';

/** How an object's webhooks come. */
const WEBHOOK_FAULTS = ['webhookEarly', 'webhookLate', 'webhookThrice', 'webhookReverse', 'webhookNever'];

/** Where a request writes: the ledger, its faults, and the events that it caused. */
export interface Books {
  readonly ledger: Ledger;
  readonly faults: ReadonlySet<string>;
  readonly publicUrl: string;
  readonly lateMs: number;
  readonly idempotencyKey: string | null;
  /** Filled as events are written. */
  readonly events: string[];
}

/** Writes an event about an object as it is now, and when its webhook is due. */
export function emit(books: Books, type: string, object: Stored, intentId: string | undefined): void {
  const { ledger } = books;
  const event: ProviderEvent = {
    id: Ledger.newId('evt'),
    object: 'event',
    api_version: API_VERSION,
    created: nowInSeconds(),
    data: { object: structuredClone(object) },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: books.idempotencyKey },
    type,
  };
  ledger.insert(event);
  books.events.push(event.id);
  const internal = intentId === undefined ? {} : ledger.internal(intentId);
  const count = (internal.events ?? 0) + 1;
  if (intentId !== undefined) ledger.updateInternal(intentId, { ...internal, events: count });
  for (const due of dueTimes(books, internal, count)) {
    ledger.run('INSERT INTO deliveries (event, due) VALUES (?, ?)', event.id, due);
  }
}

/** When the webhooks of an event are to be sent: none, one, or three. */
function dueTimes({ faults, lateMs }: Books, internal: Internal, count: number): number[] {
  const all = new Set([...faults, ...(internal.faults ?? [])].filter((fault) => WEBHOOK_FAULTS.includes(fault)));
  const now = Date.now();
  if (all.has('webhookNever')) return [];
  if (all.has('webhookThrice')) return [now, now, now];
  if (all.has('webhookLate')) return [now + lateMs];
  // The later an event, the less it waits: the first of five comes last.
  if (all.has('webhookReverse')) return [now + Math.max(0, lateMs - (count * lateMs) / 5)];
  return [now];
}

/** Saves an intent and says so. */
export function changed(books: Books, intent: Intent, type: string): void {
  books.ledger.update(intent);
  emit(books, type, intent, intent.id);
}
