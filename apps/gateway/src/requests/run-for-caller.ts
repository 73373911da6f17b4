import { Injectable } from '@nestjs/common';
import { newId } from '@stoa/messaging';
import { Audit } from '../audit/audit.js';
import type { Fields, Operation } from '../services/operation.js';
import { callerOf, type Identity } from '../identity/identity.js';
import { MySessions } from '../identity/my-sessions.js';
import { Tokens } from '../identity/tokens.js';
import { withHeaders, type HttpResponse } from '../http/response.js';
import { responseOf } from './operation-response.js';
import { validateInput } from '../input/build-input.js';
import { CallOperation } from '../calls/call-operation.js';
import { download } from './download.js';
import { headerOf, pathOf, type Exchange } from '../http/exchange.js';
import { recordKey } from '../calls/record-key.js';
import { commandId, idempotencyKey } from './command-id.js';
import { expectedVersion } from './expected-version.js';
import { checkUpload, upload } from './upload.js';

/** A request whose response belongs to its caller: a command, or a query that is not cacheable. */
export interface Task {
  readonly exchange: Exchange;
  readonly operation: Operation;
  /** Undefined for callers without a token: they become a guest, and the response carries their token. */
  readonly identity: Identity | undefined;
  readonly input: Fields;
  readonly bytes: Buffer | string;
}

/** Takes the place of an upload's frames when its input is validated, before there are any. */
const NO_FRAME = { id: '', sequence: 0, last: true, contentType: '', data: '' };

/** RunForCaller runs an operation as its caller. What operators do is written to the audit trail. */
@Injectable()
export class RunForCaller {
  constructor(
    private readonly call: CallOperation,
    private readonly tokens: Tokens,
    private readonly audit: Audit,
    private readonly mySessions: MySessions,
  ) {}

  /** @throws HttpProblem */
  async run(task: Task): Promise<HttpResponse> {
    const identity = task.identity ?? { kind: 'guest', customerId: newId() };
    const work = (): Promise<HttpResponse> => this.respond(task, identity);
    const isAudited = identity.kind === 'operator';
    const response = await (isAudited ? this.audit.record({ ...task, operatorId: identity.customerId }, work) : work());
    if (task.identity) return response;
    const { token } = await this.tokens.issue(identity);
    return withHeaders(response, { 'stoa-guest-token': token });
  }

  private async respond(task: Task, identity: Identity): Promise<HttpResponse> {
    const { exchange, operation, input, bytes } = task;
    const { trace } = exchange;
    const caller = callerOf(identity);
    const ifNoneMatch = headerOf(exchange, 'if-none-match');
    if (operation.document.download) return download(this.call, { operation, input, base: { caller, trace } });
    if (!operation.isCommand) {
      const reply = await this.call.run({ operation, input, body: bytes, caller, id: newId(), trace });
      return responseOf(operation, reply, ifNoneMatch);
    }
    const id = this.idOf(task);
    const version = expectedVersion(operation, headerOf(exchange, 'if-match'));
    const base = { caller, trace, expectedVersion: version };
    if (operation.document.upload) return this.upload(task, base, id);
    const run = async (): Promise<HttpResponse> =>
      responseOf(operation, await this.call.run({ ...base, operation, input, body: bytes, id }), undefined);
    if (!operation.document.endsOtherSessions || !('sessionId' in identity)) return run();
    return this.mySessions.keepingOnly(identity, id, run);
  }

  private async upload(
    { exchange, operation, input }: Task,
    base: Parameters<typeof upload>[2]['base'],
    id: string,
  ): Promise<HttpResponse> {
    const { request } = exchange;
    const contentType = checkUpload(request, operation);
    const example = { ...input, upload: { ...NO_FRAME, id, contentType } };
    validateInput(operation, example, JSON.stringify(example));
    const key = recordKey(operation, input, 'customerId' in base.caller ? base.caller.customerId : '', id);
    const reply = await upload(this.call, contentType, { request, operation, input, base, commandId: id, key });
    return responseOf(operation, reply, undefined);
  }

  private idOf({ exchange, operation, identity, bytes }: Task): string {
    return commandId({
      operation,
      path: pathOf(exchange.target),
      key: idempotencyKey(exchange.request.headers['idempotency-key']),
      callerId: identity?.customerId,
      body: bytes,
    });
  }
}
