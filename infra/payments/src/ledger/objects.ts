/** The provider's objects, with the fields that Stripe's schemas require and those that shops read. */

export interface Intent {
  readonly id: string;
  readonly object: 'payment_intent';
  readonly amount: number;
  amount_capturable: number;
  amount_received: number;
  canceled_at: number | null;
  cancellation_reason: string | null;
  readonly capture_method: 'automatic' | 'manual';
  readonly client_secret: string;
  readonly confirmation_method: 'automatic';
  readonly created: number;
  readonly currency: string;
  readonly description: string | null;
  last_payment_error: object | null;
  latest_charge: string | null;
  readonly livemode: false;
  readonly metadata: Record<string, string>;
  next_action: object | null;
  payment_method: string | null;
  readonly payment_method_types: string[];
  readonly receipt_email: string | null;
  status:
    | 'requires_payment_method'
    | 'requires_confirmation'
    | 'requires_action'
    | 'requires_capture'
    | 'succeeded'
    | 'canceled';
}

export interface Charge {
  readonly id: string;
  readonly object: 'charge';
  readonly amount: number;
  amount_captured: number;
  amount_refunded: number;
  readonly billing_details: object;
  captured: boolean;
  readonly created: number;
  readonly currency: string;
  readonly disputed: false;
  readonly failure_code: string | null;
  readonly failure_message: string | null;
  readonly livemode: false;
  readonly metadata: Record<string, string>;
  readonly paid: boolean;
  readonly payment_intent: string;
  readonly payment_method: string;
  readonly payment_method_details: object;
  refunded: boolean;
  readonly status: 'succeeded' | 'failed';
}

export interface Refund {
  readonly id: string;
  readonly object: 'refund';
  readonly amount: number;
  readonly charge: string;
  readonly created: number;
  readonly currency: string;
  failure_reason?: string;
  readonly metadata: Record<string, string>;
  readonly payment_intent: string;
  readonly reason: string | null;
  status: 'pending' | 'succeeded' | 'failed';
}

export interface Session {
  readonly id: string;
  readonly object: 'checkout.session';
  readonly amount_subtotal: number;
  readonly amount_total: number;
  readonly automatic_tax: { readonly enabled: false; readonly liability: null; readonly status: null };
  readonly cancel_url: string | null;
  readonly client_reference_id: string | null;
  readonly created: number;
  readonly currency: string;
  readonly custom_fields: [];
  readonly custom_text: Record<string, null>;
  readonly expires_at: number;
  readonly livemode: false;
  readonly metadata: Record<string, string>;
  readonly mode: 'payment';
  payment_intent: string | null;
  readonly payment_method_types: string[];
  payment_status: 'unpaid' | 'paid';
  readonly shipping_options: [];
  status: 'open' | 'complete' | 'expired';
  readonly success_url: string;
  url: string | null;
}

export interface ProviderEvent {
  readonly id: string;
  readonly object: 'event';
  readonly api_version: string;
  readonly created: number;
  readonly data: { readonly object: object };
  readonly livemode: false;
  readonly pending_webhooks: number;
  readonly request: { readonly id: string | null; readonly idempotency_key: string | null };
  readonly type: string;
}

export type Stored = Intent | Charge | Refund | Session | ProviderEvent;

/** Kept beside an intent or a session, and shown to nobody. */
export interface Internal {
  /** The test card's faults. */
  readonly faults?: readonly string[];
  /** Of an intent: how many events it had. */
  readonly events?: number;
  /** Of a session: the intent that it makes. */
  readonly intent?: {
    readonly capture_method: 'automatic' | 'manual';
    readonly metadata: Record<string, string>;
    readonly description: string | null;
  };
  /** Of an intent: where its shopper goes from the page that asks for approval. */
  readonly returnUrl?: string | null;
  /** Of an intent: the session that made it. */
  readonly session?: string;
}
