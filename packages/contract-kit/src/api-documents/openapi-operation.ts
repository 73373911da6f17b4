import type { ContractDocument, JsonSchema, OperationDocument } from '../document/contract-document.js';
import { placeholdersOf } from '../declarations/placeholders.js';
import { security } from './openapi-components.js';
import { errorResponses, type Json } from './openapi-errors.js';
import type { SchemaPool } from './schema-pool.js';

/** Components that operations share in the document that is being made. */
export interface Shared {
  readonly pool: SchemaPool;
  readonly responses: Record<string, Json>;
}

interface Context extends Shared {
  readonly id: string;
  readonly operation: OperationDocument;
}

const propertiesOf = (schema: JsonSchema): Record<string, JsonSchema> =>
  (schema['properties'] ?? {}) as Record<string, JsonSchema>;
const requiredOf = (schema: JsonSchema): string[] => (schema['required'] ?? []) as string[];

const hasJsonBody = ({ http, upload, rawBody }: OperationDocument): boolean =>
  upload === undefined && rawBody === undefined && ['POST', 'PUT', 'PATCH'].includes(http?.method ?? '');

/** Fields that the gateway fills in itself: the frames of an upload, the place in a download. */
const hidden = ({ upload, rawBody, download }: OperationDocument): string[] => [
  ...(rawBody ? ['body', 'headers'] : []),
  ...(upload ? ['upload'] : []),
  ...(download ? ['cursor'] : []),
];

function inputParameters({ id, operation, pool }: Context): Json[] {
  const { input, http } = operation;
  const inPath = placeholdersOf(http?.path ?? '');
  const left = new Set([...inPath, ...hidden(operation)]);
  const parameter = (name: string, where: 'path' | 'query'): Json => {
    const { description, ...schema } = pool.part(`${id}.input`, input, propertiesOf(input)[name] ?? {});
    const required = where === 'path' || requiredOf(input).includes(name);
    return { name, in: where, required, ...(typeof description === 'string' && { description }), schema };
  };
  const inQuery = hasJsonBody(operation) ? [] : Object.keys(propertiesOf(input)).filter((name) => !left.has(name));
  return [...inPath.map((name) => parameter(name, 'path')), ...inQuery.map((name) => parameter(name, 'query'))];
}

const headerNames = ({ kind, ifMatch, etag, cache }: OperationDocument): string[] => [
  ...(kind === 'command' ? ['Idempotency-Key'] : []),
  ...(ifMatch ? ['If-Match'] : []),
  ...(kind === 'query' && (etag !== undefined || cache) ? ['If-None-Match'] : []),
];

function withoutPathFields({ input, http }: OperationDocument): JsonSchema {
  const inPath = new Set(placeholdersOf(http?.path ?? ''));
  if (inPath.size === 0) return input;
  const properties = Object.fromEntries(Object.entries(propertiesOf(input)).filter(([name]) => !inPath.has(name)));
  return { ...input, properties, required: requiredOf(input).filter((name) => !inPath.has(name)) };
}

function requestBody(context: Context): Json | undefined {
  const { id, operation, pool } = context;
  if (operation.upload) {
    const types = operation.upload.contentTypes.map((type) => [type, { schema: { type: 'string', format: 'binary' } }]);
    return {
      required: true,
      description: `Up to ${operation.upload.maxBytes} bytes`,
      content: Object.fromEntries(types),
    };
  }
  if (operation.rawBody) {
    const description = `Up to ${operation.rawBody.maxBytes} bytes, which reach the service as they come`;
    return { required: true, description, content: { '*/*': { schema: { type: 'string' } } } };
  }
  if (!hasJsonBody(operation)) return undefined;
  const body = withoutPathFields(operation);
  if (Object.keys(propertiesOf(body)).length === 0 && body['anyOf'] === undefined) return undefined;
  return {
    required: requiredOf(body).length > 0,
    content: { 'application/json': { schema: pool.refer(`${id}.input`, body) } },
  };
}

function successHeaders({ caller, etag, cache, location, download }: OperationDocument): Json {
  const names = [
    ...['Trace-Id', 'Stoa-Gateway', 'Stoa-Served-By'],
    ...(etag !== undefined || cache ? ['ETag'] : []),
    ...(cache ? ['Cache-Status'] : []),
    ...(location === undefined ? [] : ['Location']),
    ...(download ? ['Content-Disposition'] : []),
    // A response that may be cached is the same for all, so nobody needs an identity for it.
    ...(caller === 'anyone' && !cache ? ['Stoa-Guest-Token'] : []),
  ];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function success({ id, operation, pool }: Context): Json {
  const { status, output, download } = operation;
  const plain = { description: status === 204 ? 'Done' : 'The result', headers: successHeaders(operation) };
  if (status === 204) return plain;
  if (download) return { ...plain, description: 'The file', content: { '*/*': { schema: { type: 'string' } } } };
  return { ...plain, content: { 'application/json': { schema: pool.refer(`${id}.output`, output) } } };
}

/** Calls are limited for every caller; the contract says where more narrowly than usual. */
const limitNote = ({ rateLimit }: OperationDocument): string[] =>
  rateLimit
    ? [`At most ${rateLimit.points} calls in ${rateLimit.seconds} seconds${rateLimit.by ? ' from one address' : ''}.`]
    : [];

function roleNote({ caller, role }: OperationDocument): string[] {
  if (caller !== 'operator') return [];
  if (role === undefined) return ['For operators.'];
  return [role === 'owner' ? 'For owners.' : `For operators of the role \`${role}\`, and owners.`];
}

const freshNote = ({ freshSeconds }: OperationDocument): string[] =>
  freshSeconds
    ? [`Asks for the password again after ${freshSeconds / 60} minutes (POST /v1/sessions/current/proof).`]
    : [];

/** One operation of a path. */
export function openApiOperation(document: ContractDocument, name: string, shared: Shared): Json {
  const operation = document.operations[name] as OperationDocument;
  const id = `${document.service}.${name}`;
  const context: Context = { ...shared, id, operation };
  const notes = [...roleNote(operation), ...freshNote(operation), ...limitNote(operation)];
  const description = [operation.description, ...notes].filter(Boolean).join('\n\n');
  const body = requestBody(context);
  const parameters = [
    ...inputParameters(context),
    ...headerNames(operation).map((header) => ({ $ref: `#/components/parameters/${header}` })),
    ...(operation.rawBody?.headers ?? []).map((header) => ({ name: header, in: 'header', schema: { type: 'string' } })),
  ];
  const isConditional = operation.kind === 'query' && (operation.etag !== undefined || operation.cache);
  return {
    operationId: id,
    tags: [document.service],
    summary: operation.summary,
    ...(description && { description }),
    security: security[operation.caller],
    ...(operation.role !== undefined && { 'x-operator-role': operation.role }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: body }),
    responses: {
      [operation.status]: success(context),
      ...(isConditional && { 304: { description: 'Nothing newer than what If-None-Match names' } }),
      ...errorResponses(operation, shared.responses),
    },
  };
}
