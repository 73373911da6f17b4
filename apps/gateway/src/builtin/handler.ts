import type { TraceContext } from '@stoa/service';
import type { Identity } from '../identity/identity.js';
import type { ownContract } from './contract.js';
import type { InputOf, Operation, OutputOf } from '@stoa/contract-kit';

/** What one of the gateway's own operations is told besides its input. */
export interface OwnContext {
  /** Of the token that was sent along; undefined when none was, or for sign-in and refresh when it wasn't valid. */
  readonly identity: Identity | undefined;
  readonly trace: TraceContext;
}

/** Answers one of the gateway's own operations. `handle` is a property, so that swapped handlers don't compile. */
export interface OwnHandler<Op extends Operation> {
  readonly handle: (input: InputOf<Op>, context: OwnContext) => Promise<OutputOf<Op>>;
}

type OwnOperations = Omit<typeof ownContract, '$about'>;

/** A handler for each of the gateway's own operations. */
export type OwnHandlers = { readonly [Name in keyof OwnOperations]: OwnHandler<OwnOperations[Name]> };
