import { z } from 'zod';
import { command, event, query, service, state } from '../declarations/declare.js';
import { toDocument } from '../document/to-document.js';
import { DownloadPart, UploadFrame } from '../declarations/words.js';
import { toAsyncApi } from './asyncapi.js';
import { toOpenApi } from './openapi.js';

type Node = Record<string, unknown>;

const Item = z.object({ id: z.string(), version: z.int() });
const Tree = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree);
  },
});

const things = toDocument(
  service(
    'things',
    { version: 3, title: 'Things', description: 'All of them' },
    {
      listThings: query({
        http: 'GET /v1/things',
        summary: 'List',
        caller: 'anyone',
        input: z.object({ q: z.string().optional().describe('Words'), limit: z.int().default(20) }),
        output: z.object({ items: z.array(Item) }),
        cache: { maxAgeMs: 1000, tags: ['things'] },
      }),
      changeThing: command({
        http: 'PATCH /v1/things/{id}',
        summary: 'Change',
        caller: 'customer',
        key: 'input.id',
        input: z.object({ id: z.string(), name: z.string() }),
        output: Item,
        etag: 'version',
        ifMatch: true,
        errors: { GONE: 404, NAME_TAKEN: 409 },
      }),
      removeThing: command({
        http: 'DELETE /v1/things/{id}',
        summary: 'Remove',
        caller: 'operator',
        key: 'input.id',
        input: z.object({ id: z.string(), why: z.string().optional() }),
        output: z.object({}),
        status: 204,
      }),
      importThings: command({
        http: 'POST /v1/imports',
        summary: 'Import',
        caller: 'operator',
        key: 'command.id',
        input: z.object({ format: z.enum(['csv', 'json']), upload: UploadFrame }),
        output: Item,
        status: 202,
        location: '/v1/imports/{id}',
        upload: { contentTypes: ['text/csv'], maxBytes: 99 },
      }),
      exportThings: query({
        http: 'GET /v1/exports/things',
        summary: 'Export',
        caller: 'operator',
        input: z.object({ cursor: z.string().optional() }),
        output: DownloadPart,
        download: { filename: 'things' },
      }),
      plant: command({
        http: 'POST /v1/trees',
        summary: 'Plant',
        caller: 'operator',
        key: 'command.id',
        input: Tree,
        output: Tree,
      }),
      inside: command({
        summary: 'Internal',
        caller: 'anyone',
        key: 'command.id',
        input: z.object({}),
        output: z.object({}),
      }),
      thingChanged: event({ summary: 'Changed', key: 'id', data: z.object({ id: z.string() }) }),
      thing: state({ summary: 'Thing', key: 'id', data: Item }),
      places: state({ summary: 'Where they are', key: 'id', topic: 'places', data: Item }),
    },
  ),
);

const openApi = toOpenApi([things]);
const asyncApi = toAsyncApi([things], { topicPrefix: 'test.' });

function resolve(document: Node, ref: string): unknown {
  const names = ref
    .slice(2)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  return names.reduce<unknown>((node, name) => (node as Node | undefined)?.[name], document);
}
function refsOf(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) =>
    name === '$ref' && typeof value === 'string' ? [value] : refsOf(value),
  );
}
const operationAt = (path: string, method: string): Node =>
  (resolve(openApi, `#/paths/${path.replaceAll('/', '~1')}`) as Node)[method] as Node;
const parametersOf = (operation: Node): string[] =>
  ((operation['parameters'] ?? []) as Node[])
    .map((each) => (typeof each['$ref'] === 'string' ? (resolve(openApi, each['$ref']) as Node) : each))
    .map(({ in: where, name, required }) => `${String(where)} ${String(name)}${required ? '!' : ''}`);
const bodyOf = (operation: Node): Node =>
  resolve(openApi, (refsOf((operation['requestBody'] as Node)['content'])[0] ?? '').toString()) as Node;

describe('toOpenApi', () => {
  it('has an operation for each route, and none for what is internal', () => {
    expect(Object.keys(openApi['paths'] as Node)).toEqual([
      '/v1/exports/things',
      '/v1/imports',
      '/v1/things',
      '/v1/things/{id}',
      '/v1/trees',
    ]);
    expect(JSON.stringify(openApi)).not.toContain('inside');
  });

  it('puts fields where the gateway looks for them', () => {
    expect(parametersOf(operationAt('/v1/things', 'get'))).toEqual(['query q', 'query limit', 'header If-None-Match']);
    const change = operationAt('/v1/things/{id}', 'patch');
    expect(parametersOf(change)).toEqual(['path id!', 'header Idempotency-Key', 'header If-Match']);
    expect(bodyOf(change)).toMatchObject({ properties: { name: {} }, required: ['name'], additionalProperties: false });
    expect(bodyOf(change)['properties']).not.toHaveProperty('id');
    const remove = operationAt('/v1/things/{id}', 'delete');
    expect(parametersOf(remove)).toEqual(['path id!', 'query why', 'header Idempotency-Key']);
    expect(remove).not.toHaveProperty('requestBody');
  });

  it('shows an upload as a body of its types, and a download without its cursor', () => {
    const upload = operationAt('/v1/imports', 'post');
    expect(parametersOf(upload)).toEqual(['query format!', 'header Idempotency-Key']);
    expect(upload['requestBody']).toMatchObject({ content: { 'text/csv': {} }, required: true });
    const download = operationAt('/v1/exports/things', 'get');
    expect(parametersOf(download)).toEqual([]);
    expect((download['responses'] as Node)['200']).toMatchObject({ headers: { 'Content-Disposition': {} } });
  });

  it('says who may call', () => {
    expect(operationAt('/v1/things', 'get')['security']).toEqual([{}, { bearer: [] }]);
    expect(operationAt('/v1/things/{id}', 'patch')['security']).toEqual([{ bearer: [] }]);
  });

  it('lists every status that the operation may answer with, and the codes of each', () => {
    const responses = operationAt('/v1/things/{id}', 'patch')['responses'] as Record<string, { $ref: string }>;
    expect(Object.keys(responses).map(Number)).toEqual([
      200, 400, 401, 403, 404, 408, 409, 412, 413, 415, 429, 431, 500, 502, 503, 504,
    ]);
    const conflict = resolve(openApi, responses['409']?.$ref ?? '') as { content: Record<string, { examples: Node }> };
    expect(Object.keys(conflict.content['application/problem+json']?.examples ?? {})).toEqual([
      'IDEMPOTENCY_KEY_REUSED',
      'NAME_TAKEN',
    ]);
    expect(Object.keys(operationAt('/v1/things', 'get')['responses'] as Node)).toContain('304');
  });

  it('points to nothing that is not there, also from schemas that contain themselves', () => {
    const refs = refsOf(openApi);
    expect(refs.filter((ref) => resolve(openApi, ref) === undefined)).toEqual([]);
    expect(refs.some((ref) => ref.startsWith('#/components/schemas/things.plant.input'))).toBe(true);
  });

  it('holds the same schema once', () => {
    const schemas = Object.keys((openApi['components'] as Node)['schemas'] as Node);
    expect(schemas.filter((name) => name.endsWith('.output') && !/list|plant/.test(name))).toEqual([
      'things.changeThing.output',
    ]);
  });

  it('takes further paths and where the API is', () => {
    const health = { get: { summary: 'Live' } };
    const document = toOpenApi([things], {
      serverUrl: 'https://shop.test',
      version: '7',
      gatewayPaths: { '/health': health },
    });
    expect(document).toMatchObject({
      servers: [{ url: 'https://shop.test' }],
      info: { version: '7' },
      paths: { '/health': health },
    });
  });
});

describe('toAsyncApi', () => {
  it('has a channel per topic, with the prefix in front', () => {
    const channels = Object.values(asyncApi['channels'] as Record<string, { address: string }>);
    expect(channels.map(({ address }) => address).toSorted()).toEqual([
      'test.things.commands',
      'test.things.events',
      'test.things.queries',
      'test.things.states',
      'test.things.states.places',
      'test.{service}.replies.{clone}',
    ]);
  });

  it('has every operation, internal ones too, and every event and state', () => {
    expect(Object.keys(asyncApi['operations'] as Node)).toEqual(
      [...Object.keys(things.operations), ...Object.keys(things.events), ...Object.keys(things.states)].map(
        (name) => `things.${name}`,
      ),
    );
    expect(resolve(asyncApi, '#/operations/things.plant')).toMatchObject({ action: 'receive', reply: {} });
    expect(resolve(asyncApi, '#/operations/things.thingChanged')).toMatchObject({ action: 'send' });
  });

  it('points to nothing that is not there', () => {
    expect(refsOf(asyncApi).filter((ref) => resolve(asyncApi, ref) === undefined)).toEqual([]);
  });
});
