import { query } from '@stoa/contract-kit';
import type { Logger } from '@stoa/service';
import { z } from 'zod';
import { operationOf } from '../../test/operations.js';
import type { Contracts } from '../services/contracts.js';
import { FreshAges } from './fresh-ages.js';

const cached = (name: string, maxAgeMs: number) =>
  operationOf(
    query({
      http: 'GET /v1/things',
      summary: 'Find',
      caller: 'anyone',
      input: z.object({}),
      output: z.object({}),
      cache: { maxAgeMs, tags: [] },
    }),
    name,
  );

/** Ages under a bound of one second, beside contracts whose cacheable operations can be replaced. */
function agesOf(...operations: ReturnType<typeof cached>[]) {
  const warnings: object[] = [];
  const table = { cachedOperations: operations };
  const listeners: (() => void)[] = [];
  const contracts = { table, onChange: (listener: () => void) => listeners.push(listener) };
  const logger = { warn: (fields: object) => warnings.push(fields) } as unknown as Logger;
  const ages = new FreshAges({ CACHE_MAX_AGE_MS: 1_000 }, contracts as unknown as Contracts, logger);
  ages.start();
  const change = (...next: typeof operations): void => {
    table.cachedOperations = next;
    for (const listener of listeners) listener();
  };
  return { ages, warnings, change };
}

describe('FreshAges', () => {
  it('keeps to the contract, and to the bound', () => {
    const { ages } = agesOf();
    expect(ages.maxAgeOf(cached('short', 400))).toBe(400);
    expect(ages.maxAgeOf(cached('long', 60_000))).toBe(1_000);
  });

  it('warns of a contract above the bound, once for each operation and age', () => {
    const { warnings, change } = agesOf(cached('short', 400), cached('long', 60_000));
    expect(warnings).toEqual([{ operation: 'test.long', maxAgeMs: 60_000, allowedMs: 1_000 }]);
    change(cached('long', 60_000));
    expect(warnings).toHaveLength(1);
    change(cached('long', 30_000), cached('late', 2_000));
    expect(warnings.slice(1)).toEqual([
      { operation: 'test.long', maxAgeMs: 30_000, allowedMs: 1_000 },
      { operation: 'test.late', maxAgeMs: 2_000, allowedMs: 1_000 },
    ]);
  });
});
