import type { Caller, OutgoingRequest } from '../api/requests.js';
import type { Headers, KafkaRecord } from '@stoa/kafka';

/** The proof of a caller, and the text of the `caller` header, which it may be about. */
export interface Proof {
  readonly token: string;
  readonly callerText: string;
}

/** A request as it came off a commands or queries topic; the body is not parsed yet. */
export interface Envelope {
  readonly id: string;
  readonly operation: string;
  readonly correlation: string;
  readonly replyTopic: string;
  /** Milliseconds, counted from the record's append time. */
  readonly budgetMs: number;
  readonly contractVersion: number;
  /** As the `caller` header says; believed without a proof only where none is required. */
  readonly caller: Caller;
  readonly proof: Proof | undefined;
  readonly traceparent: string | undefined;
  readonly expectedVersion: number | undefined;
  /** Commands: the record key. */
  readonly key: string | null;
  readonly body: Buffer;
  readonly appendedAt: number;
}

/** A message that cannot be understood, and why. It goes to the dead letters. */
export class Unreadable extends Error {}

export function requestHeaders(
  request: OutgoingRequest,
  correlation: string,
  replyTopic: string,
  budgetMs: number,
  proof?: string,
): Headers {
  const headers: Record<string, string> = {
    id: request.id,
    op: request.operation,
    corr: correlation,
    reply: replyTopic,
    budget: String(Math.max(0, Math.floor(budgetMs))),
    v: String(request.contractVersion),
    caller: JSON.stringify(request.caller),
  };
  if (proof !== undefined) headers['proof'] = proof;
  if (request.traceparent !== undefined) headers['traceparent'] = request.traceparent;
  if (request.expectedVersion !== undefined) headers['if-version'] = String(request.expectedVersion);
  return headers;
}

function required(headers: Headers, name: string): string {
  const value = headers[name];
  if (!value) throw new Unreadable(`header '${name}' is missing`);
  return value;
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Unreadable(`header '${name}' is not a whole number: ${text.slice(0, 40)}`);
  return value;
}

function callerOf(text: string): Caller {
  let caller: unknown;
  try {
    caller = JSON.parse(text);
  } catch {
    throw new Unreadable("header 'caller' is not JSON");
  }
  if (!isCaller(caller)) throw new Unreadable("header 'caller' names no caller");
  return caller;
}

/** Whether a value names a caller. */
export function isCaller(value: unknown): value is Caller {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  if (value.kind === 'service') return 'name' in value && typeof value.name === 'string';
  const isPerson = value.kind === 'guest' || value.kind === 'customer' || value.kind === 'operator';
  if (!isPerson || !('customerId' in value) || typeof value.customerId !== 'string') return false;
  return !('roles' in value) || (Array.isArray(value.roles) && value.roles.every((role) => typeof role === 'string'));
}

const REPLY_TOPIC = /\.replies\.[^.]+$/;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Commands have a key and a UUID, which the inbox needs; queries have no key. */
function checkKind({ key, headers }: KafkaRecord, isCommand: boolean): void {
  if (isCommand && (key === null || key.length === 0)) throw new Unreadable('a command without a record key');
  if (isCommand && !UUID.test(headers['id'] ?? '')) throw new Unreadable("header 'id' is no UUID");
}

/** @throws Unreadable */
export function readEnvelope(record: KafkaRecord, commandsTopic: string): Envelope {
  const isCommand = record.topic === commandsTopic;
  checkKind(record, isCommand);
  const { headers, key, value } = record;
  const replyTopic = required(headers, 'reply');
  // A reply must not be made to land in another kind of topic.
  if (!REPLY_TOPIC.test(replyTopic)) throw new Unreadable("header 'reply' names no reply topic");
  if (value === null) throw new Unreadable('there is no body');
  const { proof: token, 'if-version': ifVersion } = headers;
  const callerText = required(headers, 'caller');
  return {
    id: required(headers, 'id'),
    operation: required(headers, 'op'),
    correlation: required(headers, 'corr'),
    replyTopic,
    budgetMs: wholeNumber('budget', required(headers, 'budget')),
    contractVersion: wholeNumber('v', required(headers, 'v')),
    caller: callerOf(callerText),
    proof: token ? { token, callerText } : undefined,
    traceparent: headers['traceparent'] || undefined,
    expectedVersion: ifVersion === undefined ? undefined : wholeNumber('if-version', ifVersion),
    key: isCommand && key !== null ? key.toString() : null,
    body: value,
    appendedAt: record.timestamp,
  };
}
