import type { Attempt, Payment, Refund } from '../domain/payment.js';
import type { ProviderReply } from '../domain/provider-reply.js';
import type { RefundReply } from '../domain/refunds.js';

/** An attempt with what its provider needs to know of its payment. */
export type AttemptAt = Attempt & Pick<Payment, 'customerId' | 'orderId' | 'currency'>;
export type RefundAt = Refund & { readonly attempt: AttemptAt };

/** An event of a provider that is about one of our payments. */
export interface ProviderEvent {
  readonly eventId: string;
  readonly type: string;
  readonly customerId: string;
  readonly orderId: string;
  readonly attemptId: string;
  /** Its word about the attempt; undefined: only that the provider should be asked. */
  readonly reply?: ProviderReply | undefined;
  readonly refund?: { readonly refundId: string; readonly reply: RefundReply } | undefined;
}

/** How much a provider took and gave back for an attempt, by its own books. */
export interface ProviderBooks {
  readonly attemptId: string;
  readonly customerId: string;
  readonly orderId: string;
  readonly reference: string;
  readonly status: ProviderReply['status'];
  readonly currency: string;
  readonly captured: number;
  readonly refunded: number;
}

/** The provider did not respond, or said that it can't now: nothing is known. */
export class NoReply extends Error {
  constructor(
    message: string,
    /** It says that it did nothing, and repeats that (500). */
    readonly saysError: boolean,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/**
 * The port to a payment provider. Each method either gives the provider's word or throws NoReply. Everything may be
 * asked again: the provider does it once.
 */
export interface Provider {
  authorise(attempt: AttemptAt): Promise<ProviderReply>;
  /** Takes a part of what is held; the rest is released. */
  capture(attempt: AttemptAt, amount: number): Promise<ProviderReply>;
  void(attempt: AttemptAt): Promise<ProviderReply>;
  /** Looks for an attempt whose authorise had no response. @returns undefined: the provider knows of none */
  find(attempt: AttemptAt): Promise<ProviderReply | undefined>;
  /** Asks about an attempt that the provider knows. */
  look(attempt: AttemptAt): Promise<ProviderReply>;
  refund(refund: RefundAt): Promise<RefundReply>;
  /** Checks an event's signature over its bytes. @returns undefined: it is about nothing of ours */
  readEvent(body: string, signature: string): Promise<ProviderEvent | undefined>;
  /** The provider's books of a time, for reconciliation. */
  books(from: Date, until: Date): AsyncIterable<ProviderBooks>;
  /** The same of one payment. @returns undefined: it took and holds nothing of ours */
  book(reference: string): Promise<ProviderBooks | undefined>;
}

/** A webhook whose signature is not the provider's, or too old. */
export class ForgedEvent extends Error {}

export const PROVIDER = Symbol('payment provider');
