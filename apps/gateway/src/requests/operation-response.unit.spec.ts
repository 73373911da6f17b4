import { command, query } from '@stoa/contract-kit';
import { z } from 'zod';
import { operationOf } from '../../test/operations.js';
import { responseOf } from './operation-response.js';

const output = z.object({ handle: z.string(), version: z.int() });
const create = operationOf(
  command({
    http: 'POST /v1/products',
    summary: 'Create',
    caller: 'operator',
    key: 'command.id',
    input: z.object({}),
    output,
    status: 201,
    etag: 'version',
    location: '/v1/products/{handle}',
  }),
);
const read = operationOf(
  query({ http: 'GET /v1/me', summary: 'Read', caller: 'customer', input: z.object({}), output, etag: 'version' }),
);
const reply = (value: object) => ({ ok: true, servedBy: 'things-1', body: Buffer.from(JSON.stringify(value)) });

describe('responses of operations', () => {
  it('name where a new thing is, encoded, and its version', () => {
    const { status, headers, body } = responseOf(create, reply({ handle: 'café/1', version: 3 }), undefined);
    expect(status).toBe(201);
    expect(headers).toMatchObject({ etag: '"3"', location: '/v1/products/caf%C3%A9%2F1', 'cache-control': 'no-store' });
    expect(String(body)).toBe('{"handle":"café/1","version":3}');
  });

  it('spare the body that the client has, for reads only', () => {
    const mine = reply({ handle: 'a', version: 3 });
    expect(responseOf(read, mine, '"3"')).toMatchObject({ status: 304, body: undefined });
    expect(responseOf(read, mine, '"2"')).toMatchObject({ status: 200 });
    expect(responseOf(create, mine, '"3"')).toMatchObject({ status: 201 });
  });
});
