import {
  OperationError,
  type BusinessErrorDetails,
  type Command,
  type InputOf,
  type OutputOf,
} from '@stoa/contract-kit';
import type { CommandReply, CommandRequest } from '../api/command-execution.js';
import type { FlowContext, StepRules } from '../api/handlers.js';
import type { Caller } from '../api/requests.js';
import { unwrapReply } from '../protocol/business-errors.js';
import { NOT_KNOWN } from '../protocol/fixed-replies.js';
import { deriveId } from '../protocol/ids.js';
import { keyOf } from '../protocol/key-of.js';
import { bodyOf } from '../replies/reply-parts.js';
import type { Binding, BoundFlow } from './binding.js';

const stepId = (flowId: string, name: string): string => deriveId(flowId, 'step', name);

const fail = (code: string, detail?: string, details?: BusinessErrorDetails): never => {
  throw new OperationError(code, detail, details);
};

/** Runs flows: a step is a command of this service, a call one of another. */
export class FlowRunner {
  constructor(private readonly binding: Binding) {}

  /** @throws what the flow throws; a business error of a step or call among it */
  async run({ flow }: BoundFlow, request: CommandRequest): Promise<CommandReply> {
    let hasBegun = false;
    try {
      const context = this.contextOf(request, () => (hasBegun = true));
      return { ok: true, body: bodyOf(await flow.run(request.input, context)) };
    } catch (error) {
      // A step was too late, but not the flow's first: it can't be said that nothing was done.
      if (hasBegun && error instanceof OperationError && error.code === 'DEADLINE_EXCEEDED') return NOT_KNOWN;
      throw error;
    }
  }

  /** @param onDone called when a step or call was done */
  private contextOf(request: CommandRequest, onDone: () => void): FlowContext<Command> {
    const step = async <C extends Command>(name: string, command: C, input: InputOf<C>, rules?: StepRules) => {
      const output = unwrapReply<OutputOf<C>>(await this.step(request, name, command, input, rules));
      onDone();
      return output;
    };
    const call = async <C extends Command>(name: string, command: C, input: InputOf<C>) => {
      const reply = this.call(request, name, command, input);
      // Whether it was done is not known once it is sent.
      onDone();
      return unwrapReply<OutputOf<C>>(await reply);
    };
    const { caller, id } = request;
    return { caller, commandId: id, stepId: (name) => stepId(id, name), fail, step, call };
  }

  private step(flow: CommandRequest, name: string, command: Command, input: unknown, rules?: StepRules) {
    const bound = this.binding.operations.get(command.name);
    if (bound?.kind !== 'command' || bound.operation.service !== command.service) {
      throw new Error(`a step must be a command of this service that is no flow: ${command.service}.${command.name}`);
    }
    const request = requestOf(flow, stepId(flow.id, name), command, bound.input.parse(input), input, flow.caller);
    return this.binding.executor.execute(bound, { ...request, until: rules?.until });
  }

  private async call(flow: CommandRequest, name: string, command: Command, input: unknown): Promise<CommandReply> {
    const { calls, contract } = this.binding;
    if (!calls) throw new Error(`${command.service}.${command.name}: the module names no \`calls\``);
    const caller = { kind: 'service', name: contract.$about.name } as const;
    const id = deriveId(flow.id, 'call', name);
    return calls.call(command, requestOf(flow, id, command, command.input.parse(input), input, caller));
  }
}

function requestOf(
  { traceparent, sentAt, budgetLeft }: CommandRequest,
  id: string,
  command: Command,
  parsed: unknown,
  input: unknown,
  caller: Caller,
): CommandRequest {
  const key = keyOf(command, id, input, caller);
  const bodyText = JSON.stringify(input);
  return { id, key, bodyText, input: parsed, caller, expectedVersion: undefined, traceparent, sentAt, budgetLeft };
}
