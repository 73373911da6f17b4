import { OperationError } from '@stoa/contract-kit';
import type { OutgoingRecord } from '@stoa/kafka';
import type { IncomingReply, OutgoingRequest } from '../api/requests.js';
import { requestHeaders } from '../protocol/envelope.js';
import type { Sendable } from './request-sender.js';

// A service answers DEADLINE_EXCEEDED for a request whose budget ran out in its queue: it takes a moment to get here.
const GRACE_MS = 250;

export interface Exchange {
  readonly topic: string;
  readonly replyTopic: string;
  /** Proves who calls; undefined where no service asks for that. */
  readonly proof: string | undefined;
  /** Undefined: the key's, or any. */
  readonly partition: number | undefined;
  /** @param servedBy who answered; undefined when nobody did */
  settle(outcome: IncomingReply | OperationError, waitMs: number | null, servedBy?: string): void;
}

/** A request that waits for its reply. Settles once. */
export class PendingRequest implements Sendable {
  private isSettled = false;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly request: OutgoingRequest,
    private readonly correlation: string,
    private readonly deadline: number,
    private readonly exchange: Exchange,
  ) {
    this.timer = setTimeout(() => this.expire(), request.budgetMs + GRACE_MS);
  }

  get to(): Pick<OutgoingRecord, 'key' | 'partition'> {
    const { partition } = this.exchange;
    return { key: this.request.key, ...(partition !== undefined && { partition }) };
  }

  record(): OutgoingRecord | null {
    const left = this.deadline - performance.now();
    if (this.isSettled || left <= 0) return null;
    const { request, correlation, exchange } = this;
    return {
      topic: exchange.topic,
      ...(exchange.partition === undefined ? {} : { partition: exchange.partition }),
      key: request.key,
      value: request.body,
      headers: requestHeaders(request, correlation, exchange.replyTopic, left, exchange.proof),
    };
  }

  settle(outcome: IncomingReply | OperationError, waitMs: number | null, servedBy?: string): void {
    if (this.isSettled) return;
    this.isSettled = true;
    clearTimeout(this.timer);
    this.exchange.settle(outcome, waitMs, servedBy);
  }

  failed(error: OperationError): void {
    this.settle(error, null);
  }

  private expire(): void {
    const { service, budgetMs } = this.request;
    this.failed(new OperationError('UNAVAILABLE', `${service} gave no answer within ${budgetMs} ms`));
  }
}
