import { Injectable } from '@nestjs/common';
import { newId } from '@stoa/messaging';
import { Audit } from '../audit/audit.js';
import type { Operation } from '../services/operation.js';
import { callerOf, type Identity } from '../identity/identity.js';
import { Tokens } from '../identity/tokens.js';
import { answerOf, type Answer } from './operation-response.js';
import { validateInput, type Fields } from '../input/build-input.js';
import { CallOperation } from '../calls/call-operation.js';
import { download } from './download.js';
import { headerOf, pathOf, type Exchange } from '../http/exchange.js';
import { commandId, expectedVersion, idempotencyKey, recordKey } from './command-id.js';
import { checkUpload, upload } from './upload.js';

/** An operation whose answer belongs to its caller: commands, and queries that no cache may answer. */
export interface Task {
  readonly exchange: Exchange;
  readonly operation: Operation;
  /** Undefined for callers without a token: they become a guest, and the answer carries their token. */
  readonly identity: Identity | undefined;
  readonly input: Fields;
  readonly bytes: Buffer | string;
}

/** What an upload's frames are checked with before there are any. */
const NO_FRAME = { id: '', sequence: 0, last: true, contentType: '', data: '' };

/** Runs an operation as its caller, and records it if that is an operator. */
@Injectable()
export class RunForCaller {
  constructor(
    private readonly call: CallOperation,
    private readonly tokens: Tokens,
    private readonly audit: Audit,
  ) {}

  /** @throws HttpProblem */
  async run(task: Task): Promise<Answer> {
    const who = task.identity ?? { kind: 'guest', customerId: newId() };
    const work = (): Promise<Answer> => this.answer(task, who);
    const isAudited = who.kind === 'operator' && task.operation.isCommand;
    const answer = await (isAudited ? this.audit.record({ ...task, operatorId: who.customerId }, work) : work());
    if (task.identity) return answer;
    const { token } = await this.tokens.issue(who);
    return { ...answer, headers: { ...answer.headers, 'stoa-guest-token': token } };
  }

  private async answer(task: Task, who: Identity): Promise<Answer> {
    const { exchange, operation, input, bytes } = task;
    const { trace } = exchange;
    const caller = callerOf(who);
    const ifNoneMatch = headerOf(exchange, 'if-none-match');
    if (operation.document.download) return download(this.call, { operation, input, base: { caller, trace } });
    if (!operation.isCommand) {
      const reply = await this.call.run({ operation, input, body: bytes, caller, id: newId(), trace });
      return answerOf(operation, reply, ifNoneMatch);
    }
    const id = this.idOf(task);
    const version = expectedVersion(operation, headerOf(exchange, 'if-match'));
    const base = { caller, trace, expectedVersion: version };
    if (operation.document.upload) return this.upload(task, base, id);
    return answerOf(operation, await this.call.run({ ...base, operation, input, body: bytes, id }), undefined);
  }

  private async upload(
    { exchange, operation, input }: Task,
    base: Parameters<typeof upload>[2]['base'],
    id: string,
  ): Promise<Answer> {
    const { request } = exchange;
    const contentType = checkUpload(request, operation);
    const example = { ...input, upload: { ...NO_FRAME, id, contentType } };
    validateInput(operation, example, JSON.stringify(example));
    const key = recordKey(operation, input, 'customerId' in base.caller ? base.caller.customerId : '', id);
    const reply = await upload(this.call, contentType, { request, operation, input, base, commandId: id, key });
    return answerOf(operation, reply, undefined);
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
