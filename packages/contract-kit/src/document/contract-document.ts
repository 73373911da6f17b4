import type { Method, RateLimit } from '../declarations/declaration.js';

export type JsonSchema = Record<string, unknown>;

/** One operation as published: everything the gateway needs to know of it. */
export interface OperationDocument {
  readonly kind: 'command' | 'query';
  readonly summary: string;
  readonly description?: string;
  readonly http?: { readonly method: Method; readonly path: string };
  readonly caller: 'anyone' | 'customer' | 'operator';
  /**
   * Of operators: the role that they need, unless they are owners. A field of its own, because gateways that are older
   * know three callers.
   */
  readonly role?: string;
  /**
   * The service that calls, and nobody else; such an operation has no route. `caller` is `operator` then, for the same
   * gateways.
   */
  readonly service?: string;
  /** Commands only. */
  readonly key?: string;
  readonly input: JsonSchema;
  readonly output: JsonSchema;
  /** Code → HTTP status. */
  readonly errors: Readonly<Record<string, number>>;
  readonly status: number;
  readonly since: number;
  readonly budgetMs: number;
  readonly etag?: string;
  readonly ifMatch?: boolean;
  readonly location?: string;
  readonly runsAt?: 'sign-in' | 'sign-out';
  readonly upload?: { readonly contentTypes: readonly string[]; readonly maxBytes: number };
  readonly rawBody?: { readonly maxBytes: number; readonly headers: readonly string[] };
  readonly durable?: true;
  readonly download?: { readonly filename: string };
  /** Queries only: gathered by the gateway into the document of a customer's own data. */
  readonly personalData?: true;
  readonly cache?: { readonly maxAgeMs: number; readonly tags: readonly string[] };
  readonly rateLimit?: RateLimit;
  readonly freshSeconds?: number;
  readonly endsOtherSessions?: true;
}

/** One event or state as published. */
export interface MessageDocument {
  readonly summary: string;
  readonly key: string;
  readonly data: JsonSchema;
  readonly since: number;
  /** States only: the end of the topic's name, where it is not the service's first. */
  readonly topic?: string;
  /** Events only. */
  readonly invalidates?: readonly string[];
  /** Events only: the key is a customer whose sessions the gateway ends. */
  readonly endsSessions?: true;
  /** Events only: the gateway ends the sessions of the customer that began at an earlier version than the event's. */
  readonly endsEarlierSessions?: true;
}

/**
 * A contract as published on the compacted topic `‹service›.contract` (key: the service's name) and committed as
 * `contract.json` beside its source. `format` is the version of this document's own layout.
 */
export interface ContractDocument {
  readonly format: 1;
  readonly service: string;
  readonly version: number;
  readonly title: string;
  readonly description: string;
  /** The services whose events and states it reads; undefined: all. Rights at the brokers follow from it. */
  readonly follows?: readonly string[];
  readonly operations: Readonly<Record<string, OperationDocument>>;
  readonly events: Readonly<Record<string, MessageDocument>>;
  readonly states: Readonly<Record<string, MessageDocument>>;
}
