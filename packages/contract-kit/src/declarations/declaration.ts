import type { z } from 'zod';
import type { OperatorRole } from './operator-roles.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Route = `${Method} /${string}`;

/**
 * Who may call: anyone (guests included), a signed-in customer, or an operator of the shop; perhaps only one of a role
 * (`operator:catalog`), beside owners. `service:order`: the service order and nobody else, by the `call` of its flows.
 */
export type CallerRule = 'anyone' | 'customer' | 'operator' | `operator:${OperatorRole}` | `service:${string}`;

/** Where a message's key comes from: the caller's customer id, a field of the input, or the command's own id. */
export type KeyPath = 'caller.customerId' | 'command.id' | `input.${string}`;

export type Errors = Readonly<Record<string, number>>;

/** So many calls (`points`) in a window, of a caller (of an address for guests without a token). */
export interface RateLimit {
  readonly points: number;
  readonly seconds: number;
  /**
   * For what costs much and needs no account: counted by address, whatever token comes along, and for all strangers
   * together.
   */
  readonly by?: 'address';
}

interface OperationRules {
  /** `METHOD /v1/path/{field}`. Without it the operation is internal: reached over Kafka only. */
  readonly http?: Route;
  readonly caller: CallerRule;
  /** One line for the documentation. */
  readonly summary: string;
  readonly description?: string;
  /** HTTP status of success; 200 if not given. 204 sends no body. */
  readonly status?: number;
  /** The output's field that holds its version: sent as ETag. */
  readonly etag?: string;
  /** How long a caller waits for a reply, in milliseconds; 5,000 if not given. */
  readonly budgetMs?: number;
  /**
   * The contract version from which on a clone can serve this; 1 if not given. Raise it to the new version when the
   * input comes to take more: clones of an older version then refuse such requests as UNSUPPORTED_CONTRACT_VERSION,
   * instead of taking a right request for a wrong one. The gateway then sends it once more as of the version before,
   * which does what that version has too.
   */
  readonly since?: number;
  /** Asks for the password again where the caller has not proved it for so many seconds. */
  readonly freshSeconds?: number;
  /**
   * What the caller signs in with changes: once it is done, all sessions of theirs but this one end. The event of it
   * has `endsEarlierSessions`, and the command's id in its field `by`.
   */
  readonly endsOtherSessions?: true;
  /** Calls allowed in a window. */
  readonly rateLimit?: RateLimit;
}

/** The declaration of a command. */
export interface CommandRules<I extends z.ZodType, O extends z.ZodType, E extends Errors> extends OperationRules {
  readonly key: KeyPath;
  readonly input: I;
  readonly output: O;
  readonly errors?: E;
  /** Honours If-Match: the handler gets the version as `expectedVersion` and fails with STALE_VERSION. */
  readonly ifMatch?: boolean;
  /** The Location header of the response, e.g. `/v1/products/{handle}` with fields of the output. */
  readonly location?: string;
  /**
   * Run and awaited by the gateway when a customer signs in or out, with that customer as the caller. Its input is
   * `{ guestId }`, null when there is no guest.
   */
  readonly runsAt?: 'sign-in' | 'sign-out';
  /** The body is a stream of one of these types, delivered frame by frame in the input's `upload` (UploadFrame). */
  readonly upload?: { readonly contentTypes: readonly string[]; readonly maxBytes: number };
  /**
   * The body reaches the service as it came: the input is `{ body, headers }`, with the text of the body and of the
   * headers named here (in lower case). For what others sign over the bytes that they send, such as webhooks. Such a
   * command is for anyone, and keyed by its id.
   */
  readonly rawBody?: { readonly maxBytes: number; readonly headers: readonly string[] };
  /** The reply holds secrets and is never stored in the inbox: a retry runs the handler again. */
  readonly secretReply?: boolean;
  /**
   * Bound to a flow, which is carried out to its end whatever dies: its request is kept in its key's bucket, and a
   * clone takes it up again when the one that runs it doesn't end it. After a day it is an operator's.
   */
  readonly durable?: true;
}

/** The declaration of a query. */
export interface QueryRules<I extends z.ZodType, O extends z.ZodType, E extends Errors> extends OperationRules {
  readonly input: I;
  readonly output: O;
  readonly errors?: E;
  /**
   * May be cached by the gateway, at most this long; dropped early by events that invalidate one of the tags
   * (`product:{handle}` takes input fields).
   */
  readonly cache?: { readonly maxAgeMs: number; readonly tags: readonly string[] };
  /**
   * All that this service holds of the customer who calls. The gateway gathers it from all services into one document,
   * for the customer and for operators who were asked (GDPR, articles 15 and 20). It takes no input.
   */
  readonly personalData?: true;
  /** The output is a DownloadPart: the gateway queries again with `cursor` and streams the chunks. */
  readonly download?: { readonly filename: string };
}

/** The declaration of an event. */
export interface EventRules<D extends z.ZodType> {
  /** The data's field that is the record's key. */
  readonly key: string;
  readonly data: D;
  readonly summary: string;
  readonly since?: number;
  /** Cache tags that the event makes stale (`product:{handle}` takes data fields). */
  readonly invalidates?: readonly string[];
  /** The key is a customer who is no more: the gateway ends all their sessions. */
  readonly endsSessions?: true;
  /**
   * The key is a customer, and the record's version that of the customer: the gateway ends the sessions that began at
   * an earlier one, as checkCredentials gave it. For a password that was reset, say: whoever signs in behind it stays.
   * If its data have the id of a command in `by`, the session that sent the command stays too.
   */
  readonly endsEarlierSessions?: true;
}

/** The declaration of a state. */
export interface StateRules<D extends z.ZodType> {
  readonly key: string;
  /**
   * Of a service with several states: `availability` gives one the topic `<service>.states.availability`, with keys of
   * its own.
   */
  readonly topic?: string;
  readonly data: D;
  readonly summary: string;
  readonly since?: number;
}

/** The service and name that a declaration gets in a service. */
interface Named {
  readonly service: string;
  readonly name: string;
}

export type Command<
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
  E extends Errors = Errors,
> = CommandRules<I, O, E> & Named & { readonly kind: 'command'; readonly errors: E };
export type Query<
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
  E extends Errors = Errors,
> = QueryRules<I, O, E> & Named & { readonly kind: 'query'; readonly errors: E };
export type Event<D extends z.ZodType = z.ZodType> = EventRules<D> & Named & { readonly kind: 'event' };
export type State<D extends z.ZodType = z.ZodType> = StateRules<D> & Named & { readonly kind: 'state' };

export type Operation = Command | Query;
export type Declaration = Command | Query | Event | State;

export type InputOf<Op> = Op extends { readonly input: infer I extends z.ZodType } ? z.output<I> : never;
export type OutputOf<Op> = Op extends { readonly output: infer O extends z.ZodType } ? z.input<O> : never;
export type DataOf<Message> = Message extends { readonly data: infer D extends z.ZodType } ? z.output<D> : never;
export type ErrorCodeOf<Op> = Op extends { readonly errors: infer E } ? Extract<keyof E, string> : never;

/** A service as its contract describes it. */
export interface ServiceAbout {
  /** Grows by one with each released change of the contract. */
  readonly version: number;
  readonly title: string;
  readonly description: string;
  /**
   * The names of the services whose events and states it reads: it gets the right to read those, besides its own.
   * Undefined: of all services.
   */
  readonly follows?: readonly string[];
}

/**
 * A service's contract: its declarations by name, and `$about` for the service itself. Without its parameter, any
 * service's: an index signature there would have to hold for `$about` too, and no contract would fit.
 */
export type ServiceContract<D extends Record<string, Declaration> = Record<never, never>> = D & {
  readonly $about: ServiceAbout & { readonly name: string };
};
