import type { Sql } from '@stoa/postgres';
import { FLUSH_CHANNEL } from './outbox/flush-channel.js';

interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly next: string;
}

const ALL = 'SELECT topic, kafka_partition AS partition, next_offset::text AS next FROM state_offsets';
// Whoever follows a copy updates its offsets every few seconds. A copy that is not followed while others are belongs to
// a subscription that the service has no more; a destination would never come as far.
const FOLLOWED = `${ALL}
  WHERE updated_at > now() - interval '7 days'
    AND updated_at > (SELECT max(updated_at) FROM state_offsets) - interval '10 minutes'`;

async function positions(sql: Sql, text: string): Promise<Map<string, bigint>> {
  const { rows: found } = await sql.query<{ there: boolean }>(
    `SELECT to_regclass('state_offsets') IS NOT NULL AS there`,
  );
  if (!found[0]?.there) return new Map();
  const { rows } = await sql.query<Position>(text);
  return new Map(rows.map(({ topic, partition, next }) => [`${topic}:${partition}`, BigInt(next)]));
}

/**
 * Messaging's conditions for a move of buckets between databases (hooks of @stoa/sharding's Mover): the destination's
 * copies of other services' states must be as far as the source's, and the outbox must be empty under the fence.
 */
export const moveHooks = {
  /** True when the destination's copies of states are at least as far as the source's. */
  async caughtUp(source: Sql, destination: Sql): Promise<boolean> {
    const [wanted, reached] = await Promise.all([positions(source, FOLLOWED), positions(destination, ALL)]);
    return [...wanted].every(([partition, next]) => (reached.get(partition) ?? 0n) >= next);
  },
  /** Makes the source's relay empty the outbox at once. */
  async flushQueues(source: Sql): Promise<void> {
    await source.query('SELECT pg_notify($1, $2)', [FLUSH_CHANNEL, '']);
  },
};
