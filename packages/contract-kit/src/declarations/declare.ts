import type { z } from 'zod';
import { checkDeclaration, checkStates } from './check-declaration.js';
import type {
  Command,
  CommandRules,
  Declaration,
  Errors,
  Event,
  EventRules,
  Operation,
  Query,
  QueryRules,
  ServiceAbout,
  ServiceContract,
  State,
  StateRules,
} from './declaration.js';

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
 * second state of a service names a `topic` of its own, because equal keys would overwrite each other.
 */
export const state = <D extends z.ZodType>(rules: StateRules<D>): State<D> => ({ ...rules, ...unnamed, kind: 'state' });

/**
 * Declares what a service promises.
 * @throws Error when a declaration is at odds with itself (an event's key that is not in its data, a path field that is
 *   not in the input, a declared error that is also a common one), or with another: two states on one topic.
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

/** Whether a declaration is a command or a query. */
export const isOperation = (declaration: Declaration): declaration is Operation =>
  declaration.kind === 'command' || declaration.kind === 'query';
