import type { Json } from './openapi-errors.js';

const text = (description: string, schema: Json = { type: 'string' }): Json => ({ description, schema });

/** RFC 9457, as the gateway writes it. */
export const problemSchema: Json = {
  type: 'object',
  description: 'RFC 9457 problem details. `code` is for programs, `detail` for people.',
  required: ['type', 'title', 'status', 'code', 'detail', 'instance', 'traceId'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
    detail: { type: 'string' },
    instance: { type: 'string', description: 'The path that was asked for' },
    traceId: { type: 'string', description: 'Finds the request in the logs of every service' },
    errors: {
      type: 'array',
      description: 'What of the input is wrong',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: { type: 'string', description: 'JSON pointer, such as /quantity' },
          detail: { type: 'string' },
        },
      },
    },
    details: { type: 'object', description: "The error's own: what holds now instead, say" },
  },
};

/** Headers of answers. */
export const headers: Record<string, Json> = {
  'Trace-Id': text('Finds the request in the logs of every service'),
  'Retry-After': text('Seconds after which to try again', { type: 'integer', minimum: 0 }),
  ETag: text('The version; send it as If-Match with a change, or as If-None-Match to read only what is newer'),
  Location: text('Where the result is found'),
  'Stoa-Gateway': text('The clone of the gateway that answered'),
  'Stoa-Served-By': text('The clone of the service that answered'),
  'Stoa-Guest-Token': text(
    'For a caller without a token: the identity that the gateway gave it. Send it as Bearer from now on',
  ),
  'Cache-Status': text('How a cache answered (RFC 9211)'),
  'Content-Disposition': text('The name to store the file under'),
};

const header = (name: string, description: string, schema: Json = { type: 'string' }): Json => ({
  name,
  in: 'header',
  required: false,
  description,
  schema,
});

/** Headers of requests. */
export const parameters: Record<string, Json> = {
  'Idempotency-Key': header(
    'Idempotency-Key',
    'Chosen by the caller, new for each intent: the same request with the same key has its effect once, and gets the same answer, for 24 hours',
    { type: 'string', minLength: 1, maxLength: 255 },
  ),
  'If-Match': header(
    'If-Match',
    'The ETag that the change is meant for; a change of anything newer is refused with 412',
  ),
  'If-None-Match': header('If-None-Match', 'An ETag: answered with 304 while nothing is newer'),
};

/** How callers identify themselves. */
export const securitySchemes: Record<string, Json> = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access token of POST /v1/sessions, or a guest token of POST /v1/guests',
  },
};

/** By caller rule. Anyone may come without a token, and then gets a guest's. */
export const security: Record<string, readonly Json[]> = {
  anyone: [{}, { bearer: [] }],
  customer: [{ bearer: [] }],
  operator: [{ bearer: [] }],
};
