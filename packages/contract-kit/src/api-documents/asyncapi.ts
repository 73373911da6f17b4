import type {
  ContractDocument,
  MessageDocument,
  JsonSchema,
  OperationDocument,
} from '../document/contract-document.js';
import { SchemaPool } from './schema-pool.js';

type Json = Record<string, unknown>;

/** Settings of the AsyncAPI document. */
export interface AsyncApiOptions {
  /** Of the document; the contracts' versions put together if not given. */
  readonly version?: string;
  /** A prefix of every topic, as KAFKA_TOPIC_PREFIX does. */
  readonly topicPrefix?: string;
  /** `host:port` of a broker. */
  readonly broker?: string;
}

const string = (description: string): JsonSchema => ({ type: 'string', description });
const object = (required: readonly string[], properties: Record<string, JsonSchema>): JsonSchema => ({
  type: 'object',
  required,
  properties,
});

const requestHeaders = object(['id', 'op', 'corr', 'reply', 'budget', 'v', 'caller'], {
  id: string("The message's id; a command with the same id has its effect once"),
  op: string("The operation's name"),
  corr: string('Correlation id, for the reply'),
  reply: string('The topic that the reply goes to'),
  budget: string('Milliseconds, counted from the append time of the record, after which nobody waits any more'),
  v: string("The operation's `since`: clones whose contract is older refuse the request"),
  caller: string('Who asks, as JSON'),
  traceparent: string('W3C trace context'),
  'if-version': string('The version that the command is meant for'),
});
const replyHeaders = object(['corr', 'status', 'by'], {
  corr: string('Correlation id of the request'),
  status: { enum: ['ok', 'error'], description: 'error: the body is an ErrorBody' },
  by: string('The clone that replied'),
  wait: string('Milliseconds that the request queued before its handler ran'),
});
const messageHeaders = object(['id', 'type', 'version', 'v'], {
  id: string('The same for every delivery'),
  type: string("The event's or state's name"),
  version: string('Grows per key; a version that is not newer than the last is ignored'),
  v: string('Its `since`'),
  traceparent: string('W3C trace context'),
});
const errorBody = object(['code', 'detail'], {
  code: { type: 'string' },
  detail: { type: 'string' },
  problems: {
    type: 'array',
    items: object(['pointer', 'detail'], { pointer: { type: 'string' }, detail: { type: 'string' } }),
  },
  retryAfterSeconds: { type: 'number', minimum: 0, description: 'When the same request may be answered otherwise' },
  details: { type: 'object', description: "The error's own: what holds now instead" },
});

const ref = (path: string): Json => ({ $ref: `#/${path}` });
const schemaRef = (name: string): Json => ref(`components/schemas/${name}`);

/** Collects what one document is made of. */
class Parts {
  readonly pool = new SchemaPool();
  readonly channels: Record<string, Json> = {};
  readonly operations: Record<string, Json> = {};
  readonly messages: Record<string, Json> = {};
  constructor(private readonly prefix: string) {}

  /** Adds a message to a channel. @returns references to the channel and to the message in it. */
  message(
    channel: string,
    topic: string,
    description: string,
    name: string,
    message: Json,
  ): { channel: Json; message: Json } {
    this.messages[name] = { name, contentType: 'application/json', ...message };
    const entry = (this.channels[channel] ??= { address: this.prefix + topic, description, messages: {} });
    (entry['messages'] as Json)[name] = ref(`components/messages/${name}`);
    return { channel: ref(`channels/${channel}`), message: ref(`channels/${channel}/messages/${name}`) };
  }
}

function addOperation(parts: Parts, service: string, name: string, operation: OperationDocument): void {
  const id = `${service}.${name}`;
  const kind = operation.kind === 'command' ? 'commands' : 'queries';
  const request = parts.message(
    `${service}.${kind}`,
    `${service}.${kind}`,
    kind === 'commands'
      ? 'Requests that have an effect, in order per key'
      : 'Requests that only read, answered by any clone',
    `${id}.request`,
    {
      summary: operation.summary,
      headers: schemaRef('RequestHeaders'),
      payload: parts.pool.refer(`${id}.input`, operation.input),
      ...(operation.key !== undefined && {
        description: `Key: ${operation.key}${operation.service === undefined ? '' : `. Sent by ${operation.service}`}`,
      }),
    },
  );
  const reply = parts.message(
    'replies',
    '{service}.replies.{clone}',
    'Answers, to whoever asked: one topic per process that asks',
    `${id}.reply`,
    {
      summary: `The reply to ${id}`,
      headers: schemaRef('ReplyHeaders'),
      payload: { oneOf: [parts.pool.refer(`${id}.output`, operation.output), schemaRef('ErrorBody')] },
    },
  );
  parts.operations[id] = {
    action: 'receive',
    channel: request.channel,
    summary: operation.summary,
    messages: [request.message],
    reply: {
      address: { location: '$message.header#/reply', description: 'The reply topic' },
      channel: reply.channel,
      messages: [reply.message],
    },
  };
}

function addMessage(
  parts: Parts,
  service: string,
  name: string,
  kind: 'events' | 'states',
  document: MessageDocument,
): void {
  const id = `${service}.${name}`;
  const description =
    kind === 'events'
      ? 'Events, kept for seven days'
      : 'The last state of each key, kept for good (compacted); null: gone';
  const payload = parts.pool.refer(`${id}.data`, document.data);
  const topic = `${service}.${kind}${document.topic === undefined ? '' : `.${document.topic}`}`;
  const sent = parts.message(topic, topic, description, id, {
    summary: document.summary,
    description: `Key: ${document.key}`,
    headers: schemaRef('MessageHeaders'),
    payload: kind === 'states' ? { oneOf: [payload, { type: 'null' }] } : payload,
  });
  parts.operations[id] = { action: 'send', channel: sent.channel, summary: document.summary, messages: [sent.message] };
}

const versionOf = (documents: readonly ContractDocument[]): string =>
  String(documents.reduce((sum, { version }) => sum + version, 0));

function partsOf(documents: readonly ContractDocument[], prefix: string): Parts {
  const parts = new Parts(prefix);
  for (const { service, operations, events, states } of documents) {
    for (const [name, operation] of Object.entries(operations)) addOperation(parts, service, name, operation);
    for (const [name, event] of Object.entries(events)) addMessage(parts, service, name, 'events', event);
    for (const [name, state] of Object.entries(states)) addMessage(parts, service, name, 'states', state);
  }
  const replies = parts.channels['replies'];
  if (replies) {
    const parameter = (description: string): Json => ({ description });
    replies['parameters'] = {
      service: parameter('The service of the process that asked'),
      clone: parameter('Its clone, with a random end'),
    };
  }
  return parts;
}

/** All traffic over Kafka as AsyncAPI 3.0, described from the services' side. */
export function toAsyncApi(
  documents: readonly ContractDocument[],
  { version = versionOf(documents), topicPrefix = '', broker }: AsyncApiOptions = {},
): Json {
  const { pool, channels, operations, messages } = partsOf(documents, topicPrefix);
  const schemas = {
    RequestHeaders: requestHeaders,
    ReplyHeaders: replyHeaders,
    MessageHeaders: messageHeaders,
    ErrorBody: errorBody,
    ...pool.schemas,
  };
  return {
    asyncapi: '3.0.0',
    id: 'urn:stoa',
    info: {
      title: 'Stoa',
      version,
      description:
        'Requests, replies, events and states of the services over Kafka. Bodies are JSON, headers are texts.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      tags: documents.map(({ service, description }) => ({ name: service, description })),
    },
    defaultContentType: 'application/json',
    ...(broker !== undefined && { servers: { kafka: { host: broker, protocol: 'kafka' } } }),
    channels,
    operations,
    components: { messages, schemas },
  };
}
