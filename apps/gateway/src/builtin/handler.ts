import type { TraceContext } from '@stoa/service';
import type { Identity } from '../identity/identity.js';
import type { builtinContract } from './contract.js';
import type { InputOf, Operation, OutputOf } from '@stoa/contract-kit';

/** The program that asks, as far as it says what it is. */
export interface Client {
  readonly address: string;
  readonly userAgent: string | undefined;
}

/** The context of a builtin operation, besides its input. */
export interface BuiltinContext {
  /** Of the token that came along; undefined when there was none, or for sign-in and refresh when it wasn't valid. */
  readonly identity: Identity | undefined;
  readonly trace: TraceContext;
  readonly client: Client;
}

/** Runs a builtin operation. `handle` is a property, so that swapped handlers don't compile. */
export interface BuiltinHandler<Op extends Operation> {
  readonly handle: (input: InputOf<Op>, context: BuiltinContext) => Promise<OutputOf<Op>>;
}

type BuiltinOperations = Omit<typeof builtinContract, '$about'>;

/** A handler for each builtin operation. */
export type BuiltinHandlers = { readonly [Name in keyof BuiltinOperations]: BuiltinHandler<BuiltinOperations[Name]> };
