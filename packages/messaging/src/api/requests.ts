/** Requests as they leave a process, and the replies that come back. */
import type { ErrorDetails, Problem } from '@stoa/contract-kit';

/** Who asked, as the gateway established it; carried in the `caller` header as JSON. */
export type Caller =
  | { readonly kind: 'guest'; readonly customerId: string }
  | { readonly kind: 'customer'; readonly customerId: string }
  /** `roles`: undefined for an owner, as gateways send it that know no roles. */
  | { readonly kind: 'operator'; readonly customerId: string; readonly roles?: readonly string[] }
  /** Another service, or a step of a flow that no person asked for. */
  | { readonly kind: 'service'; readonly name: string };

/** The public key that a service published, as much of its JWK as proofs need. */
export interface ServiceKey {
  readonly kid: string;
  /** X25519 (RFC 8037). */
  readonly x?: string | undefined;
}

/** A request as the gateway or a service sends it. Its input is JSON already and stays bytes on its way. */
export interface OutgoingRequest {
  readonly service: string;
  readonly operation: string;
  readonly kind: 'command' | 'query';
  /** Commands: the record key (one key's commands stay in order). Queries: null. */
  readonly key: string | null;
  readonly body: string | Buffer;
  /** Commands: the command id. Queries: any unique id. */
  readonly id: string;
  readonly caller: Caller;
  readonly budgetMs: number;
  /** The operation's `since`: a service whose contract is older refuses with UNSUPPORTED_CONTRACT_VERSION. */
  readonly contractVersion: number;
  readonly expectedVersion?: number;
  readonly traceparent?: string;
  /** Of the service, so that a proof of the caller can be made for it alone. */
  readonly serviceKey?: ServiceKey | undefined;
}

/** A reply as it came. `body` is the output's JSON, or (not ok) that of an ErrorBody. */
export interface IncomingReply {
  readonly ok: boolean;
  readonly body: Buffer;
  /** The clone that replied. */
  readonly servedBy: string;
}

/** The JSON body of a reply that is an error. */
export interface ErrorBody {
  readonly code: string;
  readonly detail: string;
  readonly problems?: readonly Problem[];
  /** Seconds after which the same request may succeed. */
  readonly retryAfterSeconds?: number;
  /** The error's own details. */
  readonly details?: ErrorDetails;
}
