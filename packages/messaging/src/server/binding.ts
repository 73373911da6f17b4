import {
  declarationsOf,
  isOperation,
  type Command,
  type Operation,
  type Query,
  type ServiceContract,
} from '@stoa/contract-kit';
import { z } from 'zod';
import type { CommandExecutor, CommandReply, CommandRequest } from '../api/command-execution.js';
import type { FlowStore } from '../flows/flow-store.js';
import type { Flow, BatchHandler, Handler } from '../api/handlers.js';

/** An operation with what runs it, as its service's module bound it. */
export type BoundOperation =
  | { readonly kind: 'query'; readonly operation: Query; readonly input: z.ZodType; readonly handler: Handler<Query> }
  | {
      readonly kind: 'command';
      readonly operation: Command;
      readonly input: z.ZodType;
      readonly handler: Handler<Command>;
      readonly isBatched: boolean;
    }
  | { readonly kind: 'flow'; readonly operation: Command; readonly input: z.ZodType; readonly flow: Flow<Command> };

export type BoundFlow = Extract<BoundOperation, { kind: 'flow' }>;

/** Sends commands to other services. */
export interface Calls {
  open(): Promise<void>;
  isReady(): boolean;
  /** @throws OperationError UNAVAILABLE without a reply within the budget; Error for a call that the other refuses */
  call(command: Command, request: CommandRequest): Promise<CommandReply>;
  close(): Promise<void>;
}

/** All that a server needs to know of its service. */
export interface Binding {
  readonly contract: ServiceContract;
  readonly operations: ReadonlyMap<string, BoundOperation>;
  readonly executor: CommandExecutor;
  /** Undefined of a service that calls no other. */
  readonly calls?: Calls;
  /** Undefined of a service without durable flows. */
  readonly flows?: FlowStore | undefined;
  /** True when trying again may help. */
  isTransient(error: unknown): boolean;
}

/** Requests refuse unknown fields, here as in the contract's JSON Schema. */
const closed = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodObject && schema.def.catchall === undefined ? schema.strict() : schema;

const isFlow = (handler: object): handler is Flow<Command> => 'run' in handler && typeof handler.run === 'function';
const isGroupHandler = (handler: object): handler is BatchHandler<Command> =>
  'decide' in handler && typeof handler.decide === 'function';
const isHandler = (handler: object): handler is Handler<Command> & Handler<Query> =>
  'handle' in handler && typeof handler.handle === 'function';

function bindOne(operation: Operation, handler: object): BoundOperation {
  const where = `${operation.service}.${operation.name}`;
  const input = closed(operation.input);
  if (operation.kind === 'command' && operation.durable && !isFlow(handler)) {
    throw new Error(`${where} is durable: its handler must be a flow, with a property 'run'`);
  }
  if (operation.kind === 'command' && isFlow(handler)) return { kind: 'flow', operation, input, flow: handler };
  if (operation.kind === 'command' && isGroupHandler(handler)) {
    return { kind: 'command', operation, input, handler: { handle: handler.decide }, isBatched: true };
  }
  if (!isHandler(handler))
    throw new Error(
      `the handler of ${where} has no property 'handle'${operation.kind === 'command' ? ", 'decide' or 'run'" : ''}`,
    );
  return operation.kind === 'command'
    ? { kind: 'command', operation, input, handler, isBatched: false }
    : { kind: 'query', operation, input, handler };
}

/**
 * Puts a contract's operations together with the objects that run them.
 * @throws Error when one is missing or is no handler: the types rule that out only where nobody casts
 */
export function bindOperations(
  contract: ServiceContract,
  handlers: ReadonlyMap<string, object>,
): Map<string, BoundOperation> {
  const operations = new Map<string, BoundOperation>();
  for (const declaration of declarationsOf(contract).filter(isOperation)) {
    const handler = handlers.get(declaration.name);
    if (!handler) throw new Error(`${declaration.service}.${declaration.name} has no handler`);
    operations.set(declaration.name, bindOne(declaration, handler));
  }
  return operations;
}

/** The services that a contract's caller rules name. */
export const callersOf = (contract: ServiceContract): string[] => [
  ...new Set(
    declarationsOf(contract)
      .filter(isOperation)
      .flatMap(({ caller }) => (caller.startsWith('service:') ? [caller.slice('service:'.length)] : [])),
  ),
];
