import { command, CustomerId, DownloadPart, event, query, service, UploadFrame } from '@stoa/contract-kit';
import { z } from 'zod';

const Thing = z.object({ id: z.string(), version: z.int(), text: z.string() });
const Text = z.string().min(1).max(200_000);

export const operations = {
  getThing: query({
    http: 'GET /v1/things/{id}',
    summary: 'Read a thing',
    caller: 'anyone',
    input: z.object({ id: z.string().max(100) }),
    output: Thing,
    etag: 'version',
    errors: { NOT_FOUND: 404 },
    // A gateway keeps to its CACHE_MAX_AGE_MS, a second if not set otherwise.
    cache: { maxAgeMs: 60_000, tags: ['thing:{id}'] },
  }),
  listThings: query({
    http: 'GET /v1/things',
    summary: 'List things',
    caller: 'anyone',
    input: z.object({ limit: z.int().min(1).max(100).default(20) }),
    output: z.object({ items: z.array(Thing) }),
    cache: { maxAgeMs: 1_000, tags: ['things'] },
  }),
  setThing: command({
    http: 'PUT /v1/things/{id}',
    summary: 'Set a thing; announced by an event unless it is said to be quiet',
    caller: 'operator',
    key: 'input.id',
    input: z.object({
      id: z.string().max(100),
      text: Text,
      quiet: z.boolean().default(false),
      secret: z.string().optional().meta({ writeOnly: true }),
    }),
    output: Thing,
    etag: 'version',
    location: '/v1/things/{id}',
    ifMatch: true,
    errors: { TOO_LOUD: 422 },
  }),
  addNote: command({
    http: 'POST /v1/notes',
    summary: 'Add to my notes',
    caller: 'anyone',
    key: 'caller.customerId',
    input: z.object({ text: Text }),
    output: z.object({ notes: z.array(z.string()), runs: z.int() }),
    status: 201,
    errors: { NO_MORE: 409 },
  }),
  getNotes: query({
    http: 'GET /v1/notes',
    summary: 'Read my notes',
    caller: 'anyone',
    input: z.object({}),
    output: z.object({ customerId: CustomerId, notes: z.array(z.string()) }),
    personalData: true,
  }),
  getPrivate: query({
    http: 'GET /v1/private',
    summary: 'Only for those who have signed in',
    caller: 'customer',
    input: z.object({}),
    output: z.object({ customerId: CustomerId }),
  }),
  nothing: command({
    http: 'POST /v1/nothing',
    summary: 'Three times a minute',
    caller: 'anyone',
    key: 'command.id',
    input: z.object({}),
    output: z.object({}),
    status: 204,
    rateLimit: { points: 3, seconds: 60 },
  }),
  hook: command({
    http: 'POST /v1/hooks',
    summary: 'Answers with what came',
    caller: 'anyone',
    key: 'command.id',
    input: z.object({ body: z.string(), headers: z.record(z.string(), z.string()) }),
    output: z.object({ body: z.string(), headers: z.record(z.string(), z.string()), caller: z.string() }),
    rawBody: { maxBytes: 10_000, headers: ['things-signature', 'things-more'] },
  }),
  sleep: command({
    http: 'POST /v1/sleep',
    summary: 'Takes as long as asked for',
    caller: 'anyone',
    key: 'command.id',
    input: z.object({ ms: z.int().min(0) }),
    output: z.object({ slept: z.int() }),
    budgetMs: 1_500,
  }),
  wait: query({
    http: 'GET /v1/wait',
    summary: 'Takes until it is released',
    caller: 'anyone',
    input: z.object({}),
    output: z.object({ waited: z.boolean() }),
    budgetMs: 20_000,
  }),
  upload: command({
    http: 'POST /v1/uploads/{name}',
    summary: 'Counts the bytes of an upload and what they add up to',
    caller: 'operator',
    key: 'input.name',
    input: z.object({ name: z.string(), note: z.string().optional(), upload: UploadFrame }),
    output: z.object({ bytes: z.int(), sum: z.int(), frames: z.int(), contentType: z.string() }),
    status: 202,
    upload: { contentTypes: ['text/csv', 'application/octet-stream'], maxBytes: 200 * 1024 * 1024 },
    errors: { ENOUGH: 422 },
  }),
  download: query({
    http: 'GET /v1/downloads',
    summary: 'So many parts of 100,000 bytes',
    caller: 'operator',
    input: z.object({ parts: z.int().min(1), cursor: z.string().optional() }),
    output: DownloadPart,
    download: { filename: 'parts' },
    errors: { TOO_MANY: 422 },
  }),
  checkCredentials: command({
    summary: 'Check credentials',
    caller: 'anyone',
    key: 'input.email',
    input: z.object({
      email: z.string(),
      password: z.string().meta({ writeOnly: true }),
      from: z
        .object({
          network: z.string(),
          device: z.object({ id: z.string(), customerId: CustomerId }).optional(),
        })
        .optional(),
    }),
    output: z.object({
      customerId: CustomerId,
      role: z.enum(['customer', 'operator']),
      displayName: z.string(),
      version: z.int().optional(),
    }),
    errors: { WRONG_CREDENTIALS: 401, LOCKED_OUT: 429 },
    secretReply: true,
  }),
  provePassword: command({
    summary: 'Check the password of somebody who is signed in',
    caller: 'customer',
    key: 'caller.customerId',
    input: z.object({ password: z.string().meta({ writeOnly: true }) }),
    output: z.object({}),
    errors: { WRONG_CREDENTIALS: 403 },
    secretReply: true,
  }),
  changeSecret: command({
    http: 'PUT /v1/secret',
    summary: 'Change what one signs in with',
    caller: 'customer',
    key: 'caller.customerId',
    input: z.object({ ok: z.boolean() }),
    output: z.object({}),
    errors: { NO: 409 },
    endsOtherSessions: true,
  }),
  sensitive: command({
    http: 'POST /v1/sensitive',
    summary: 'Do what asks for the password again',
    caller: 'customer',
    key: 'caller.customerId',
    input: z.object({}),
    output: z.object({}),
    freshSeconds: 600,
  }),
  adoptGuest: command({
    summary: 'Take over what a guest had',
    caller: 'customer',
    key: 'caller.customerId',
    input: z.object({ guestId: CustomerId.nullable() }),
    output: z.object({}),
    runsAt: 'sign-in',
    budgetMs: 4_000,
  }),
  thingChanged: event({
    summary: 'A thing changed',
    key: 'id',
    data: z.object({ id: z.string() }),
    invalidates: ['thing:{id}', 'things'],
  }),
  customerLeft: event({
    summary: 'A customer is no more',
    key: 'customerId',
    data: z.object({ customerId: CustomerId }),
    endsSessions: true,
  }),
  customerReset: event({
    summary: 'Sessions from before the version of this are not to be trusted',
    key: 'customerId',
    data: z.object({ customerId: CustomerId }),
    endsEarlierSessions: true,
  }),
};

/** A small service to try the gateway with. */
export const things = service('things', { version: 1, title: 'Things', description: 'For tests' }, operations);

const getColor = query({
  http: 'GET /v1/colors',
  summary: 'Came with the second version',
  caller: 'anyone',
  input: z.object({}),
  output: z.object({ color: z.string() }),
  since: 2,
});

const MoodyNote = z.object({ text: Text, mood: z.string().optional() });

/** Another operation more, and one that takes more: fits. */
export const thingsWithColor = service(
  'things',
  { ...things.$about, version: 2 },
  { ...operations, getColor, addNote: { ...operations.addNote, input: MoodyNote, since: 2 } },
);

/** A new required field: breaks callers. */
export const thingsBroken = service(
  'things',
  { ...things.$about, version: 3 },
  {
    ...operations,
    getColor,
    addNote: { ...operations.addNote, input: z.object({ text: Text, mood: z.string() }) },
  },
);
