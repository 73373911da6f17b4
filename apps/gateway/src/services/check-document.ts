import type { ContractDocument } from '@stoa/contract-kit';
import { z } from 'zod';

const Schema = z.record(z.string(), z.unknown());
const Name = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,99}$/, 'a name of letters, digits, _ and -');

/**
 * Whole segments of letters, digits and . _ ~ -, or of one `{field}`: nothing that a router would read as a pattern.
 */
const Path = z
  .string()
  .regex(/^(?:\/(?:[A-Za-z0-9._~-]+|\{[A-Za-z_]\w*\}))+$/, 'a path such as /v1/products/{handle}')
  .refine(
    (path) => !/^\/(health|docs|openapi\.json|asyncapi\.json|\.well-known)(\/|$)/.test(path),
    "one of the gateway's own paths",
  );

const OperationShape = z.looseObject({
  kind: z.enum(['command', 'query']),
  summary: z.string(),
  http: z.object({ method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']), path: Path }).optional(),
  caller: z.enum(['anyone', 'customer', 'operator']),
  role: z.string().max(50).optional(),
  service: Name.optional(),
  key: z.string().optional(),
  input: Schema,
  output: Schema,
  errors: z.record(z.string(), z.int().min(400).max(599)),
  status: z.int().min(200).max(299),
  since: z.int().min(1),
  budgetMs: z.int().min(1).max(300_000),
  etag: z.string().optional(),
  ifMatch: z.boolean().optional(),
  location: z.string().optional(),
  runsAt: z.enum(['sign-in', 'sign-out']).optional(),
  upload: z.object({ contentTypes: z.array(z.string()).min(1), maxBytes: z.number().positive() }).optional(),
  rawBody: z
    .looseObject({ maxBytes: z.int().positive(), headers: z.array(z.string().regex(/^[a-z0-9-]+$/)).max(20) })
    .optional(),
  durable: z.literal(true).optional(),
  download: z.object({ filename: z.string() }).optional(),
  personalData: z.literal(true).optional(),
  cache: z.object({ maxAgeMs: z.number().positive(), tags: z.array(z.string()) }).optional(),
  freshSeconds: z.int().positive().optional(),
  endsOtherSessions: z.literal(true).optional(),
  rateLimit: z
    .looseObject({ points: z.int().positive(), seconds: z.int().positive(), by: z.literal('address').optional() })
    .optional(),
});

const MessageShape = z.looseObject({
  summary: z.string(),
  key: z.string(),
  data: Schema,
  since: z.int().min(1),
  invalidates: z.array(z.string()).optional(),
  endsSessions: z.literal(true).optional(),
  endsEarlierSessions: z.literal(true).optional(),
});

const DocumentShape = z.looseObject({
  format: z.literal(1),
  service: Name,
  version: z.int().min(1),
  title: z.string(),
  description: z.string(),
  operations: z.record(Name, OperationShape),
  events: z.record(z.string(), MessageShape),
  states: z.record(z.string(), MessageShape),
});

/**
 * Checks the shape of a contract document, which another team wrote, perhaps in another language.
 * @returns the document, or the problems as text
 */
export function checkDocument(value: unknown): ContractDocument | string {
  const result = DocumentShape.safeParse(value);
  if (result.success) return result.data as unknown as ContractDocument;
  return result.error.issues.map((issue) => `${issue.path.join('.') || 'the document'}: ${issue.message}`).join('; ');
}
