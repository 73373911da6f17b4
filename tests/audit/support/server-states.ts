import { sql, superuserUrl } from '../../support/servers.js';
import type { Fault } from './fault.js';

/** A server that refuses writes: events that meet it are to wait, and none may be given up. */
export const readOnly = (shard: string): Fault => ({
  name: `read-only-${shard}`,
  holdMs: 12_000,
  shard,
  inject: async () => {
    const set = async (value: 'on' | 'off'): Promise<void> => {
      const url = await superuserUrl(shard, 'postgres');
      // Each for itself: the first may not be in a transaction.
      await sql(url, `ALTER SYSTEM SET default_transaction_read_only = ${value}`);
      await sql(url, 'SELECT pg_reload_conf()');
    };
    await set('on');
    return { victim: `postgres-${shard}`, at: performance.now(), heal: () => set('off') };
  },
});
