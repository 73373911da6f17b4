import { command, event, query, service, toDocument } from '@stoa/contract-kit';
import { z } from 'zod';
import { RouteTable } from './route-table.js';

const empty = z.object({});
const read = (http: `GET /${string}`, input: z.ZodType = empty) =>
  query({ http, summary: 'Read', caller: 'anyone', input, output: empty });

const table = new RouteTable([
  toDocument(
    service(
      'things',
      { version: 1, title: 'Things', description: '' },
      {
        listThings: read('GET /v1/things'),
        getThing: read('GET /v1/things/{id}', z.object({ id: z.string() })),
        getNewest: read('GET /v1/things/newest'),
        addThing: command({
          http: 'POST /v1/things',
          summary: 'Add',
          caller: 'operator',
          key: 'command.id',
          input: empty,
          output: empty,
          runsAt: 'sign-in',
        }),
        thingChanged: event({
          summary: 'Changed',
          key: 'id',
          data: z.object({ id: z.string() }),
          invalidates: ['thing:{id}'],
        }),
      },
    ),
  ),
]);

describe('RouteTable', () => {
  it('finds an operation, its path fields decoded, and the query string', () => {
    expect(table.find('GET', '/v1/things/caf%C3%A9%20au%2Flait?q=a&q=b&limit=2')).toMatchObject({
      outcome: 'found',
      operation: { id: 'things.getThing' },
      params: { id: 'café au/lait' },
      query: { q: ['a', 'b'], limit: '2' },
    });
  });

  it('prefers fixed segments to fields', () => {
    expect(table.find('GET', '/v1/things/newest')).toMatchObject({ operation: { id: 'things.getNewest' } });
    expect(table.find('GET', '/v1/things/newer')).toMatchObject({ operation: { id: 'things.getThing' } });
  });

  it('finds the operation of GET for HEAD', () => {
    expect(table.find('HEAD', '/v1/things')).toMatchObject({ operation: { id: 'things.listThings' } });
  });

  it('distinguishes another method from an unknown path', () => {
    expect(table.find('DELETE', '/v1/things')).toEqual({ outcome: 'other method', allow: ['GET', 'HEAD', 'POST'] });
    expect(table.find('OPTIONS', '/v1/things/1')).toEqual({ outcome: 'other method', allow: ['GET', 'HEAD'] });
    expect(table.find('GET', '/v1/thing')).toEqual({ outcome: 'unknown' });
    expect(table.find('GET', '/V1/things')).toEqual({ outcome: 'unknown' });
    expect(table.find('GET', '/v1/things/')).toEqual({ outcome: 'unknown' });
  });

  it('recognises a path or query string that is not percent-encoded UTF-8', () => {
    for (const target of ['/v1/things/%ff', '/v1/things?q=%ff', '/v1/things?q=100%', '/v1/things?q=%e2%82&limit=2'])
      expect(table.find('GET', target)).toEqual({ outcome: 'malformed' });
    expect(table.find('GET', '/v1/things/100%25')).toMatchObject({ outcome: 'found', params: { id: '100%' } });
    expect(table.find('GET', '/v1/things?q=100%25+%E2%82%AC')).toMatchObject({ query: { q: '100% €' } });
  });

  it('knows what runs at sign-in and what events make stale', () => {
    expect(table.operationsAt('sign-in').map(({ id }) => id)).toEqual(['things.addThing']);
    expect(table.operationsAt('sign-out')).toEqual([]);
    expect(table.invalidatedBy('things', 'thingChanged')).toEqual(['thing:{id}']);
    expect(table.invalidatedBy('things', 'other')).toEqual([]);
  });
});
