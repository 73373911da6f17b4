import type { z } from 'zod';
import { checkDeclaration, checkStates } from './check-declaration.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Route = `${Method} /${string}`;

/** Who may call: anyone (guests included), a signed-in customer, or an operator of the shop. */
export type CallerRule = 'anyone' | 'customer' | 'operator';

/** Where a message's key comes from: the caller's customer id, a field of the input, or the command's own id. */
export type KeyPath = 'caller.customerId' | 'command.id' | `input.${string}`;

export type Errors = Readonly<Record<string, number>>;

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
  /** Calls allowed per caller (per address for guests without a token) in a window. */
  readonly rateLimit?: { readonly points: number; readonly seconds: number };
}

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
  /** The reply holds secrets and is never stored in the inbox: a retry runs the handler again. */
  readonly secretReply?: boolean;
}

export interface QueryRules<I extends z.ZodType, O extends z.ZodType, E extends Errors> extends OperationRules {
  readonly input: I;
  readonly output: O;
  readonly errors?: E;
  /**
   * The gateway may cache the output for at most this long, and never longer than its CACHE_MAX_AGE_MS (1 s).
   * Events that invalidate one of the tags end it early (`product:{handle}` takes input fields).
   */
  readonly cache?: { readonly maxAgeMs: number; readonly tags: readonly string[] };
  /** The output is a DownloadPart: the gateway queries again with `cursor` and streams the chunks. */
  readonly download?: { readonly filename: string };
}

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
}

export interface StateRules<D extends z.ZodType> {
  readonly key: string;
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

// `Named` is filled in by service(): a declaration outside of one has no service to belong to.
const unnamed = { service: '', name: '' };

// NoInfer: within service(), TypeScript would otherwise take "any errors" from the place of the declaration.

/** Imperative; may fail with a typed error; has an effect. */
export const command = <I extends z.ZodType, O extends z.ZodType, const E extends Errors = Record<never, never>>(
  rules: CommandRules<I, O, E>,
): Command<I, O, NoInfer<E>> => ({ ...rules, ...unnamed, kind: 'command', errors: rules.errors ?? ({} as E) });

/** Reads; never has an effect. */
export const query = <I extends z.ZodType, O extends z.ZodType, const E extends Errors = Record<never, never>>(
  rules: QueryRules<I, O, E>,
): Query<I, O, NoInfer<E>> => ({ ...rules, ...unnamed, kind: 'query', errors: rules.errors ?? ({} as E) });

/** Says what happened, in the past tense; kept for seven days on `<service>.events`. */
export const event = <D extends z.ZodType>(rules: EventRules<D>): Event<D> => ({ ...rules, ...unnamed, kind: 'event' });

/**
 * The last state per key, kept for good on the compacted topic `<service>.states`; a null body says that it is gone. A
 * service has one state at most, because the topic's keys are its own.
 */
export const state = <D extends z.ZodType>(rules: StateRules<D>): State<D> => ({ ...rules, ...unnamed, kind: 'state' });

export interface ServiceAbout {
  /** Grows by one with each released change of the contract. */
  readonly version: number;
  readonly title: string;
  readonly description: string;
}

/**
 * A service's contract: its declarations by name, and `$about` for the service itself. Without its parameter, any
 * service's: an index signature there would have to hold for `$about` too, and no contract would fit.
 */
export type ServiceContract<D extends Record<string, Declaration> = Record<never, never>> = D & {
  readonly $about: ServiceAbout & { readonly name: string };
};

/**
 * Declares what a service promises.
 * @throws Error when a declaration is at odds with itself (an event's key that is not in its data, a path field that is
 *   not in the input, a declared error that is also a common one), or with another: two states.
 */
export function service<D extends Record<string, Declaration>>(
  name: string,
  about: ServiceAbout,
  declarations: D,
): ServiceContract<D> {
  const named = Object.fromEntries(
    Object.entries(declarations).map(([key, declaration]) => [key, { ...declaration, service: name, name: key }]),
  ) as D;
  for (const declaration of Object.values(named)) checkDeclaration(declaration);
  checkStates(name, Object.values(named));
  return { ...named, $about: { ...about, name } };
}

/** The declarations of a contract, without `$about`. */
export function declarationsOf(contract: ServiceContract): Declaration[] {
  return Object.entries<unknown>(contract)
    .filter(([name]) => name !== '$about')
    .map(([, declaration]) => declaration as Declaration);
}

export const isOperation = (declaration: Declaration): declaration is Operation =>
  declaration.kind === 'command' || declaration.kind === 'query';
