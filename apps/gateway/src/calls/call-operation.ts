import { Inject, Injectable } from '@nestjs/common';
import { OperationError } from '@stoa/contract-kit';
import type { Caller, ErrorBody, IncomingReply, OutgoingRequest, SealingKey } from '@stoa/messaging';
import { spans, trace as tracing, type Step, type TraceContext } from '@stoa/service';
import type { Fields, Operation } from '../services/operation.js';
import { HttpProblem, statusOf } from '../http/problem.js';
import type { Headers } from '../http/response.js';
import { REQUESTS, type RequestPort } from './request-port.js';
import { SealSecrets } from './seal-secrets.js';
import { recordKey } from './record-key.js';

/** One call of an operation. */
export interface Call {
  readonly operation: Operation;
  readonly input: Fields;
  /** The input as it travels, where there are bytes of it already. */
  readonly body?: Buffer | string;
  readonly caller: Caller;
  /** Commands: the command id. Queries: any unique id. */
  readonly id: string;
  readonly trace: TraceContext;
  readonly expectedVersion?: number | undefined;
  /** Milliseconds; the contract's if not given. */
  readonly budgetMs?: number;
  /** The version that a clone must know at least; the operation's `since` if not given. */
  readonly contractVersion?: number;
  /** The record key of a command; see `recordKey`, which is used if not given. */
  readonly key?: string;
}

/** Error codes of a clone whose own version of the contract does not have the request. */
const NOT_IN_OLDER_VERSION = new Set(['INVALID_INPUT', 'UNKNOWN_OPERATION', 'UNSUPPORTED_CONTRACT_VERSION']);
/** With less time left another request is of no use. */
const LEAST_BUDGET_MS = 50;

const budgetOf = ({ budgetMs, operation }: Call): number => budgetMs ?? operation.document.budgetMs;

/** CallOperation sends operations to the services that own them, over Kafka. */
@Injectable()
export class CallOperation {
  constructor(
    @Inject(REQUESTS) private readonly requests: RequestPort,
    private readonly secrets: SealSecrets,
  ) {}

  /** @throws HttpProblem: the service's error with the contract's status, or 503/504 when there was no reply */
  async run(call: Call): Promise<IncomingReply> {
    const started = performance.now();
    const { operation } = call;
    const reply = await this.send(call);
    if (reply.ok) return reply;
    const problem = businessError(operation, reply);
    if (problem.code !== 'UNSUPPORTED_CONTRACT_VERSION') throw problem;
    return this.callOlder({ ...call, budgetMs: Math.floor(budgetOf(call) - (performance.now() - started)) }, problem);
  }

  private async send(given: Call): Promise<IncomingReply> {
    const { operation, input } = given;
    const hasSecrets = operation.secretFields.length > 0;
    const call = hasSecrets ? { ...given, body: await this.secrets.bodyOf(operation, input) } : given;
    return spans.areOn ? this.requestAsStep(call) : this.request(this.outgoing(call), operation);
  }

  /**
   * Calls a clone of the version before as gateways did that had not learned the newer contract yet. Such a clone takes
   * requests of its own contract and refuses those of the newer one: then its first error is the result. Without this,
   * an operation whose `since` grew could not be called any more once its service was taken back to the version before.
   */
  private async callOlder(call: Call, before: HttpProblem): Promise<IncomingReply> {
    const contractVersion = call.operation.document.since - 1;
    if (contractVersion < 1 || (call.budgetMs ?? 0) < LEAST_BUDGET_MS) throw before;
    const reply = await this.send({ ...call, contractVersion });
    if (reply.ok) return reply;
    const problem = businessError(call.operation, reply);
    throw NOT_IN_OLDER_VERSION.has(problem.code) ? before : problem;
  }

  /** The trace shows the service's work as a part of this step. */
  private requestAsStep(call: Call): Promise<IncomingReply> {
    const trace = tracing.child(call.trace);
    return spans.follow(trace, stepOf(call), () => this.request(this.outgoing({ ...call, trace }), call.operation));
  }

  private outgoing(call: Call): OutgoingRequest {
    return outgoing(call, this.secrets.keyOf(call.operation.service));
  }

  private async request(request: OutgoingRequest, { id, document }: Operation): Promise<IncomingReply> {
    try {
      return await this.requests.request(request);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      const detail = error.message === error.code ? `${id} got no reply; try again` : error.message;
      const headers = retryAfter(error.retryAfterSeconds);
      throw new HttpProblem(statusOf(error.code, document.errors), error.code, detail, error.problems, headers);
    }
  }
}

const stepOf = ({ operation: { id, service, isCommand }, id: messageId }: Call): Step => ({
  name: `ask ${id}`,
  kind: 'client',
  attributes: {
    'messaging.system': 'kafka',
    'messaging.operation.type': 'send',
    'messaging.destination.name': `${service}.${isCommand ? 'commands' : 'queries'}`,
    'messaging.message.id': messageId,
    'stoa.operation': id,
  },
});

function outgoing(call: Call, serviceKey: SealingKey | undefined): OutgoingRequest {
  const { operation, input, caller, id, trace, expectedVersion } = call;
  const { service, name, document, isCommand } = operation;
  const callerId = 'customerId' in caller ? caller.customerId : caller.name;
  return {
    service,
    operation: name,
    kind: document.kind,
    key: isCommand ? (call.key ?? recordKey(operation, input, callerId, id)) : null,
    body: call.body ?? JSON.stringify(input),
    id,
    caller,
    budgetMs: budgetOf(call),
    contractVersion: call.contractVersion ?? document.since,
    traceparent: tracing.format(trace),
    serviceKey,
    ...(expectedVersion !== undefined && { expectedVersion }),
  };
}

/** The service's own time for a retry; without it, the status decides. */
const retryAfter = (seconds: number | undefined): Headers =>
  typeof seconds === 'number' && seconds >= 0 ? { 'retry-after': String(Math.ceil(seconds)) } : {};

/** The service's error. It names the clone, so that its log can be found. */
function businessError({ id, document }: Operation, { body, servedBy }: IncomingReply): HttpProblem {
  const headers = { 'stoa-served-by': servedBy };
  try {
    const { code, detail, problems, retryAfterSeconds, details } = JSON.parse(body.toString('utf8')) as ErrorBody;
    const all = { ...headers, ...retryAfter(retryAfterSeconds) };
    return new HttpProblem(statusOf(code, document.errors), code, detail, problems, all, undefined, details);
  } catch {
    return new HttpProblem(500, 'INTERNAL', `${id} refused in a form that cannot be read`, undefined, headers);
  }
}
