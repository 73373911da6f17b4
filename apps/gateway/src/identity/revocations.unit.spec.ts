import { jest } from '@jest/globals';
import { createLogger } from '@stoa/service';
import type { GatewayDatabase } from '../storage/gateway-database.js';
import { Revocations } from './revocations.js';

const logger = createLogger({ service: 'test', clone: 'test', level: 'fatal' });
const until = new Date(Date.now() + 600_000);

/** A database of which each read returns the next of `rows`; undefined: it can't be reached. */
function readFrom(rows: ({ server: string; xmin: string; revoked?: string } | undefined)[]) {
  const reads: unknown[] = [];
  const $queryRaw = async (_text: TemplateStringsArray, xmin: string) => {
    reads.push(xmin);
    const row = rows.shift();
    if (!row) throw new Error('unreachable');
    const { server, xmin: next, revoked = null } = row;
    return [{ server, xmin: next, session_id: revoked, expires_at: revoked && until }];
  };
  const database = { prisma: async () => ({ $queryRaw }) } as unknown as GatewayDatabase;
  return { reads, revocations: new Revocations(database, logger) };
}

describe('Revocations', () => {
  it('reads on where the last successful read ended', async () => {
    const { reads, revocations } = readFrom([
      { server: 'a', xmin: '700' },
      undefined,
      { server: 'a', xmin: '900', revoked: 'one' },
    ]);
    await revocations.catchUp('operator');
    expect(revocations.isRevoked('one')).toBe(false);
    await revocations.catchUp('operator');
    await revocations.catchUp('operator');
    expect(reads).toEqual(['0', '700', '700']);
    expect(revocations.isRevoked('one')).toBe(true);
  });

  it('reads all of a server that was started since: its transactions may count anew', async () => {
    const { reads, revocations } = readFrom([
      { server: 'a', xmin: '700' },
      { server: 'b', xmin: '30' },
      { server: 'b', xmin: '31', revoked: 'two' },
      { server: 'b', xmin: '32' },
    ]);
    for (let n = 0; n < 3; n++) await revocations.catchUp('operator');
    expect(reads).toEqual(['0', '700', '0', '31']);
    expect(revocations.isRevoked('two')).toBe(true);
  });

  it('refuses nobody after a freeze in the midst of a read, which is too old when it ends', async () => {
    const thaw = Promise.withResolvers<void>();
    let reads = 0;
    const $queryRaw = async () => {
      if (reads++ === 0) await thaw.promise;
      return [{ server: 'a', xmin: '700', session_id: null, expires_at: null }];
    };
    const database = { prisma: async () => ({ $queryRaw }) } as unknown as GatewayDatabase;
    const revocations = new Revocations(database, logger);
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(now);
    const first = revocations.catchUp('operator');
    clock.mockReturnValue(now + 5_000);
    const second = revocations.catchUp('operator');
    thaw.resolve();
    await Promise.all([first, second]);
    expect(revocations.suffices('operator')).toBe(true);
    clock.mockRestore();
  });

  it('trusts nobody before the first read', async () => {
    const { revocations } = readFrom([undefined, { server: 'a', xmin: '700' }]);
    expect(revocations.suffices('customer')).toBe(false);
    await expect(revocations.catchUp('customer')).rejects.toMatchObject({ status: 503, code: 'UNAVAILABLE' });
    await revocations.catchUp('customer');
    expect(revocations.suffices('customer')).toBe(true);
    expect(revocations.suffices('operator')).toBe(true);
  });
});
