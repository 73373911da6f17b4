import type { OperationDocument } from '../document/contract-document.js';
import { commonErrors, type CommonErrorCode } from '../declarations/errors.js';

export type Json = Record<string, unknown>;

/** The meaning of a code for those who call over HTTP. */
const MEANINGS: Readonly<Record<CommonErrorCode, string>> = {
  INVALID_INPUT: 'The request is wrong; `errors` says what of it',
  UNAUTHENTICATED: 'The token is missing, expired or not ours',
  FORBIDDEN: 'Not for this caller',
  UNKNOWN_OPERATION: 'The service does not know this operation yet',
  IDEMPOTENCY_KEY_REUSED: 'The Idempotency-Key was used for another request',
  STALE_VERSION: 'It changed since the version in If-Match',
  PAYLOAD_TOO_LARGE: 'The body is too large',
  UNSUPPORTED_MEDIA_TYPE: 'The body is not of a type that is taken here',
  RATE_LIMITED: 'Too many requests; Retry-After says when to come again',
  INTERNAL: 'Something went wrong here; the trace id finds it in the log',
  RESPONSE_TOO_LARGE: 'The response would be too large to send, and a command was not done; ask for less at a time',
  UNSUPPORTED_CONTRACT_VERSION: 'A clone of an older version got the request; try again',
  OVERLOADED: 'Too much to do: nothing was done; try again after Retry-After',
  UNAVAILABLE:
    'No reply: whether a write was done is not known; send it again with the same Idempotency-Key after Retry-After',
  DEADLINE_EXCEEDED: 'It was not done in time, and will not be; try again',
};

/** Errors that are HTTP's: of the gateway, before it knows a service, and of the load balancer, which reaches none. */
const edgeErrors = {
  NOT_FOUND: [404, 'There is nothing at this path'],
  REQUEST_TIMEOUT: [408, 'The request did not come in full in time'],
  HEADERS_TOO_LARGE: [431, 'The path, query string and headers are larger than 16 KiB together'],
  BAD_GATEWAY: [
    502,
    'The gateway broke off: whether a write was done is not known; send it again with the same Idempotency-Key',
  ],
} as const satisfies Record<string, readonly [status: number, meaning: string]>;

const meaningOf = (code: string): string =>
  MEANINGS[code as CommonErrorCode] ?? edgeErrors[code as keyof typeof edgeErrors]?.[1] ?? titleOf(code);

const hasBody = ({ http, upload }: OperationDocument): boolean =>
  upload !== undefined || ['POST', 'PUT', 'PATCH'].includes(http?.method ?? '');

function edgeCodes(operation: OperationDocument): (keyof typeof edgeErrors)[] {
  return [
    ...(operation.http?.path.includes('{') ? (['NOT_FOUND'] as const) : []),
    ...(hasBody(operation) ? (['REQUEST_TIMEOUT'] as const) : []),
    ...(['HEADERS_TOO_LARGE', 'BAD_GATEWAY'] as const),
  ];
}

function commonCodes(operation: OperationDocument): CommonErrorCode[] {
  const { kind, caller, ifMatch } = operation;
  const isWrite = kind === 'command';
  return [
    'INVALID_INPUT',
    'UNAUTHENTICATED',
    ...(caller === 'anyone' ? [] : (['FORBIDDEN'] as const)),
    ...(isWrite ? (['IDEMPOTENCY_KEY_REUSED'] as const) : []),
    ...(ifMatch ? (['STALE_VERSION'] as const) : []),
    ...(hasBody(operation) ? (['PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const) : []),
    ...(['RATE_LIMITED', 'INTERNAL', 'RESPONSE_TOO_LARGE', 'UNSUPPORTED_CONTRACT_VERSION'] as const),
    ...(['OVERLOADED', 'UNAVAILABLE', 'DEADLINE_EXCEEDED'] as const),
  ];
}

/** `UNKNOWN_SKU` → `Unknown sku`. */
function titleOf(code: string): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const exampleOf = (code: string, status: number): Json => ({
  summary: titleOf(code),
  value: {
    type: `https://stoa.dev/problems/${code.toLowerCase().replaceAll('_', '-')}`,
    title: titleOf(code),
    status,
    code,
    detail: meaningOf(code),
    instance: '/v1/…',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  },
});

const WAITS = new Set([429, 503, 504]);

function response(status: number, codes: readonly string[]): Json {
  const lines = codes.map((code) => `\`${code}\`: ${meaningOf(code)}`);
  return {
    description: lines.join('  \n'),
    headers: {
      'Trace-Id': { $ref: '#/components/headers/Trace-Id' },
      ...(WAITS.has(status) && { 'Retry-After': { $ref: '#/components/headers/Retry-After' } }),
    },
    content: {
      'application/problem+json': {
        schema: {
          allOf: [{ $ref: '#/components/schemas/Problem' }, { type: 'object', properties: { code: { enum: codes } } }],
        },
        examples: Object.fromEntries(codes.map((code) => [code, exampleOf(code, status)])),
      },
    },
  };
}

/**
 * The responses of an operation's errors by status. Those that many operations have in common are in `shared`, under a
 * name made of status and codes.
 */
export function errorResponses(operation: OperationDocument, shared: Record<string, Json>): Record<string, Json> {
  const byStatus = new Map<number, string[]>();
  const add = (code: string, status: number): void =>
    void byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  for (const code of commonCodes(operation)) add(code, commonErrors[code]);
  for (const code of edgeCodes(operation)) if (!(code in operation.errors)) add(code, edgeErrors[code][0]);
  for (const [code, status] of Object.entries(operation.errors)) add(code, status);
  const entries = [...byStatus].toSorted(([a], [b]) => a - b);
  return Object.fromEntries(
    entries.map(([status, codes]) => {
      const name = `${status}-${codes.toSorted().join('-')}`;
      shared[name] ??= response(status, codes);
      return [String(status), { $ref: `#/components/responses/${name}` }];
    }),
  );
}
