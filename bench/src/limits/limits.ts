import { startCluster } from '../sharded/cluster.js';
import { cartStorage } from '../sharded/apps.js';
import { measurePartitions } from './partitions.js';
import { measurePurge } from './purge.js';
import { measureRelay } from './relay.js';
import { measureReplies } from './replies.js';

const COMMANDS = 2_100;

/** The figures of docs/scaling-limits.md that can be measured on one machine. */
export async function benchLimits({ requests }: { requests: number }): Promise<void> {
  const cluster = await startCluster(1);
  try {
    const [postgres = 0] = cluster.postgres.pids;
    const { keyspace } = await cartStorage();
    const carts = await cluster.open(keyspace);
    await measureReplies(carts, COMMANDS);
    await measurePurge(carts, postgres, requests);
    await measurePartitions(carts, postgres, COMMANDS);
  } finally {
    await cluster.stop();
  }
  await measureRelay(requests);
}
