import { z } from 'zod';
import type { Declaration } from './declaration.js';
import { command, declarationsOf, event, query, service, state } from './declare.js';
import { toDocument } from '../document/to-document.js';

const about = { version: 1, title: 'Things', description: 'Things' };
const declare = (declaration: Declaration) => service('things', about, { it: declaration });
const rules = {
  summary: 'It',
  caller: 'anyone',
  input: z.object({ id: z.string() }),
  output: z.object({ v: z.int() }),
} as const;

describe('a declaration that is at odds with itself is refused', () => {
  it.each<[string, Declaration, string]>([
    ['a path field', query({ ...rules, http: 'GET /v1/things/{name}' }), "things.it: its path names 'name'"],
    ['the key', command({ ...rules, key: 'input.name' }), "things.it: key names 'name'"],
    ['the etag', query({ ...rules, etag: 'version' }), "things.it: etag names 'version'"],
    ['a cache tag', query({ ...rules, cache: { maxAgeMs: 1, tags: ['thing:{name}'] } }), "cache tag names 'name'"],
    ['the location', command({ ...rules, key: 'command.id', location: '/v1/{id}' }), "location names 'id'"],
    [
      'an upload',
      command({ ...rules, key: 'command.id', upload: { contentTypes: [], maxBytes: 1 } }),
      "upload names 'upload'",
    ],
    ["an event's key", event({ summary: 'It', key: 'name', data: rules.input }), "key names 'name'"],
    [
      'what it invalidates',
      event({ summary: 'It', key: 'id', data: rules.input, invalidates: ['thing:{name}'] }),
      "invalidates names 'name'",
    ],
  ])('%s that is no field', (_what, declaration, message) => {
    expect(() => declare(declaration)).toThrow(message);
  });

  it.each<[string, object]>([
    ['takes an input', {}],
    ['is for operators', { caller: 'operator', input: z.object({}) }],
    ['is cached', { input: z.object({}), cache: { maxAgeMs: 1, tags: [] } }],
  ])('personal data that %s', (what, more) => {
    expect(() => declare(query({ ...rules, ...more, personalData: true }))).toThrow(what);
    expect(() => declare(query({ ...rules, input: z.object({}), personalData: true }))).not.toThrow();
  });

  const raw = {
    ...rules,
    http: 'POST /v1/hooks',
    key: 'command.id',
    input: z.object({ body: z.string(), headers: z.record(z.string(), z.string()) }),
    rawBody: { maxBytes: 9, headers: ['signature'] },
  } as const;

  it.each<[string, object, string]>([
    ['with another input', { input: z.object({ body: z.string() }) }, 'another input'],
    ['without a route', { http: undefined }, 'no route'],
    ['that is read', { http: 'PATCH /v1/hooks' }, 'no route with POST or PUT'],
    ['for customers', { caller: 'customer' }, 'not for anyone'],
    ['keyed by its body', { key: 'input.body' }, 'not keyed by command.id'],
    ['of no bytes', { rawBody: { maxBytes: 0, headers: [] } }, 'takes no bytes'],
    ['with headers that no request has', { rawBody: { maxBytes: 9, headers: ['Signature'] } }, 'upper case'],
  ])('a raw body %s', (_what, more, message) => {
    expect(() => declare(command({ ...raw, ...more }))).toThrow(message);
    expect(() => declare(command(raw))).not.toThrow();
  });

  const byService = { ...rules, caller: 'service:order', key: 'input.id' } as const;

  it.each<[string, object, string]>([
    ['with a route', { http: 'POST /v1/things' }, 'has a route'],
    ['of a strange name', { caller: 'service:Or der' }, 'names no service'],
    ["keyed by the caller's customer", { key: 'caller.customerId' }, "keyed by the caller's customer"],
    ['with a limit', { rateLimit: { points: 1, seconds: 1 } }, 'limit for persons'],
  ])('a command of a service %s', (_what, more, message) => {
    expect(() => declare(command({ ...byService, ...more }))).toThrow(message);
    expect(() => declare(command(byService))).not.toThrow();
  });

  it('a query of a service', () => {
    expect(() => declare(query({ ...rules, caller: 'service:order' }))).toThrow('is a query');
  });

  it.each<[string, object, string]>([
    ['with a secret', { input: z.object({ id: z.string(), pin: z.string().meta({ writeOnly: true }) }) }, 'secrets'],
    ['with a secret reply', { secretReply: true }, 'secrets'],
    ['with If-Match', { ifMatch: true }, 'If-Match'],
  ])('a durable command %s', (_what, more, message) => {
    const durable = { ...rules, key: 'input.id', durable: true } as const;
    expect(() => declare(command({ ...durable, ...more }))).toThrow(message);
    expect(() => declare(command(durable))).not.toThrow();
  });

  it('a common error declared again', () => {
    expect(() => declare(query({ ...rules, errors: { OVERLOADED: 500 } }))).toThrow('OVERLOADED is a common error');
  });
});

it('two states on one topic are refused: equal keys would overwrite each other there', () => {
  const thing = (topic?: string) => state({ summary: 'It', key: 'id', data: rules.input, ...(topic && { topic }) });
  expect(() => service('things', about, { thing: thing(), part: thing() })).toThrow(
    'things: the states thing and part would share the keys of things.states,',
  );
  expect(() => service('things', about, { thing: thing('a'), part: thing('a') })).toThrow('keys of things.states.a,');
  expect(() => service('things', about, { thing: thing(), part: thing('a'), other: thing('b') })).not.toThrow();
  expect(() => service('things', about, { thing: thing('A.b') })).toThrow("things.thing: topic 'A.b'");
  const happened = () => event({ summary: 'It', key: 'id', data: rules.input });
  expect(() => service('things', about, { thing: thing(), made: happened(), changed: happened() })).not.toThrow();
});

describe('toDocument', () => {
  const things = service('things', about, {
    read: query({ ...rules, http: 'GET /v1/things/{id}', since: 2 }),
    changed: event({ summary: 'It', key: 'id', data: rules.input }),
  });

  it('names every declaration after its place', () => {
    expect(declarationsOf(things).map(({ service: of, name }) => `${of}.${name}`)).toEqual([
      'things.read',
      'things.changed',
    ]);
  });

  it('says what the gateway needs to know, with the defaults filled in', () => {
    expect(toDocument(things)).toMatchObject({
      format: 1,
      service: 'things',
      version: 1,
      operations: {
        read: {
          kind: 'query',
          http: { method: 'GET', path: '/v1/things/{id}' },
          caller: 'anyone',
          status: 200,
          since: 2,
          budgetMs: 5000,
          errors: {},
        },
      },
      events: { changed: { key: 'id', since: 1 } },
      states: {},
    });
  });

  it('names the service that calls in a field of its own', () => {
    const reserve = command({ ...rules, caller: 'service:order', key: 'input.id', durable: true });
    expect(toDocument(service('things', about, { reserve })).operations['reserve']).toMatchObject({
      caller: 'operator',
      service: 'order',
      durable: true,
    });
  });

  it('refuses unknown fields of requests, and leaves answers open for fields to come', () => {
    const { read } = toDocument(things).operations;
    expect(read?.input).toMatchObject({ additionalProperties: false });
    expect(read?.output).not.toHaveProperty('additionalProperties');
  });

  it('survives JSON: it is published and committed as text', () => {
    const document = toDocument(things);
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });
});
