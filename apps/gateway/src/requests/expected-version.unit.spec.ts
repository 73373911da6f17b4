import { command } from '@stoa/contract-kit';
import { z } from 'zod';
import { operationOf } from '../../test/operations.js';
import { expectedVersion } from './expected-version.js';

const write = (ifMatch = true) =>
  operationOf(
    command({
      http: 'POST /v1/things',
      summary: 'Add',
      caller: 'anyone',
      key: 'command.id',
      input: z.object({}),
      output: z.object({}),
      ifMatch,
    }),
  );

describe('expectedVersion', () => {
  it('is the version in quotes', () => {
    expect(expectedVersion(write(), '"3"')).toBe(3);
    expect(expectedVersion(write(), undefined)).toBeUndefined();
    expect(expectedVersion(write(), '*')).toBeUndefined();
  });

  it.each([
    ['3', 400],
    ['"1", "2"', 400],
    ['W/"3"', 412],
    ['"abc"', 412],
  ])('refuses %s', (header, status) => {
    expect(() => expectedVersion(write(), header)).toThrow(expect.objectContaining({ status }));
  });

  it('refuses If-Match where it would be ignored', () => {
    expect(() => expectedVersion(write(false), '"3"')).toThrow(expect.objectContaining({ status: 400 }));
  });
});
