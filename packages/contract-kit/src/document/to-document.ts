import { z } from 'zod';
import type {
  CallerRule,
  Declaration,
  Event,
  Method,
  Operation,
  ServiceContract,
  State,
} from '../declarations/declaration.js';
import { declarationsOf, isOperation } from '../declarations/declare.js';
import type { ContractDocument, JsonSchema, MessageDocument, OperationDocument } from './contract-document.js';

const DEFAULT_BUDGET_MS = 5_000;

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
  return rest as JsonSchema;
}

/** Requests refuse unknown fields: a typo in a field's name must not pass as "not given". */
function closed(schema: JsonSchema): JsonSchema {
  return schema['type'] === 'object' && schema['additionalProperties'] === undefined
    ? { ...schema, additionalProperties: false }
    : schema;
}

const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;

function httpOf(route: string | undefined): { method: Method; path: string } | undefined {
  if (!route) return undefined;
  const [method = '', path = ''] = route.split(' ');
  return { method: method as Method, path };
}

/** `operator:catalog` and `service:order` as their two fields. */
function callerDocument(rule: CallerRule): Pick<OperationDocument, 'caller' | 'role' | 'service'> {
  const [caller, which] = rule.split(':') as [OperationDocument['caller'], string | undefined];
  if (which === undefined) return { caller };
  return rule.startsWith('service:') ? { caller: 'operator', service: which } : { caller, role: which };
}

function operationDocument(operation: Operation): OperationDocument {
  const { kind, summary, description, caller, errors, etag, rateLimit, freshSeconds, endsOtherSessions } = operation;
  const shared = {
    kind,
    summary,
    description,
    http: httpOf(operation.http),
    ...callerDocument(caller),
    input: closed(jsonSchema(operation.input, 'input')),
    output: jsonSchema(operation.output, 'input'),
    errors,
    status: operation.status ?? 200,
    since: operation.since ?? 1,
    budgetMs: operation.budgetMs ?? DEFAULT_BUDGET_MS,
    etag,
    rateLimit,
    freshSeconds,
    endsOtherSessions,
  };
  return defined({ ...shared, ...commandOnly(operation), ...queryOnly(operation) }) as OperationDocument;
}

function commandOnly(operation: Operation) {
  if (operation.kind !== 'command') return {};
  const { key, ifMatch, location, runsAt, upload, rawBody, durable } = operation;
  return { key, ifMatch, location, runsAt, upload, rawBody, durable };
}

function queryOnly(operation: Operation) {
  if (operation.kind !== 'query') return {};
  const { cache, download, personalData } = operation;
  return { cache, download, personalData };
}

function messageDocument(message: Event | State): MessageDocument {
  return defined({
    summary: message.summary,
    key: message.key,
    data: jsonSchema(message.data, 'input'),
    since: message.since ?? 1,
    topic: message.kind === 'state' ? message.topic : undefined,
    invalidates: message.kind === 'event' ? message.invalidates : undefined,
    endsSessions: message.kind === 'event' ? message.endsSessions : undefined,
    endsEarlierSessions: message.kind === 'event' ? message.endsEarlierSessions : undefined,
  }) as MessageDocument;
}

/** The contract as data: what is published, compared and documented. */
export function toDocument(contract: ServiceContract): ContractDocument {
  const { name, version, title, description, follows } = contract.$about;
  const declarations = declarationsOf(contract);
  const select = <D extends Declaration, T>(is: (d: Declaration) => d is D, to: (d: D) => T): Record<string, T> =>
    Object.fromEntries(declarations.filter(is).map((declaration) => [declaration.name, to(declaration)]));
  return {
    format: 1,
    service: name,
    version,
    title,
    description,
    ...(follows && { follows: [...follows].toSorted() }),
    operations: select(isOperation, operationDocument),
    events: select((d): d is Event => d.kind === 'event', messageDocument),
    states: select((d): d is State => d.kind === 'state', messageDocument),
  };
}
