import { setTimeout as delay } from 'node:timers/promises';
import { type DatabaseContext, type ManagedDatabase, servedFrom } from '@stoa/service';
import { MapClient, ShardedDatabase } from '@stoa/sharding';
import {
  type Sql,
  connectionShare,
  isTransient,
  isUnavailable,
  LEAST_CONNECTIONS,
  PostgresServer,
} from '@stoa/postgres';

const DIRECTORY_RETRY_MS = 500;

/** One shard, which responses to requests name. */
class ShardServer extends PostgresServer {
  override transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T> {
    servedFrom.note(this.shard);
    return super.transaction(work);
  }

  override read<Row>(statement: Parameters<PostgresServer['read']>[0]): Promise<Row[]> {
    servedFrom.note(this.shard);
    return super.read<Row>(statement);
  }

  private get shard(): string {
    return this.name.slice(this.name.indexOf('@') + 1);
  }
}

/** A keyspace as a clone of a service has it: its map, and a bounded pool of connections to each shard. */
export class KeyspaceDatabase extends ShardedDatabase<Sql, ShardServer> implements ManagedDatabase {
  constructor(
    private readonly map: MapClient,
    private readonly context: DatabaseContext,
  ) {
    const { clone: applicationName, hooks, connections, poolerPort } = context;
    super({
      map,
      onNotReconciled: (reason) => context.logger.error(reason),
      open: (shard) =>
        new ShardServer({
          ...shard,
          applicationName,
          hooks,
          maxConnections: connectionShare(connections, map.current.shards.size),
          ...(poolerPort !== undefined && { poolerPort }),
        }),
    });
    this.onServersChange(() => this.share());
    this.share();
  }

  /**
   * Pings all shards. One that responds is enough: the clone serves its customers, and no clone could serve others'.
   * @throws Error when none can be reached.
   */
  async ping(): Promise<void> {
    const pings = this.servers().map((server) => server.ping());
    await Promise.any(pings).catch((error: unknown) => {
      throw error instanceof AggregateError && error.errors.length > 0
        ? error.errors[0]
        : new Error('there is no shard');
    });
  }

  served(bucket: number): void {
    const shard = this.map.current.placements[bucket]?.shard;
    if (shard !== undefined) servedFrom.note(shard);
  }

  serverNameOf(bucket: number): string | undefined {
    const { keyspace, placements } = this.map.current;
    const shard = placements[bucket]?.shard;
    return shard === undefined ? undefined : `${keyspace}@${shard}`;
  }

  /** Gives each shard its share of the clone's connections, so that all together stay within the clone's bound. */
  private share(): void {
    const { connections, logger } = this.context;
    const servers = this.servers();
    const each = connectionShare(connections, servers.length);
    for (const server of servers) server.resize(each);
    if (connections === undefined || servers.length * LEAST_CONNECTIONS <= connections) return;
    const { keyspace } = this.map.current;
    logger.warn({ keyspace, shards: servers.length, connections }, 'more shards than connections for two to each');
  }

  override async close(): Promise<void> {
    await super.close();
    await this.map.close();
  }
}

/**
 * Opens a keyspace by its name. It waits for a directory that is unavailable. Later the directory is not needed: the
 * last map stays in force, and the shards themselves say which buckets have moved.
 * @throws Error when the directory knows no such keyspace.
 */
export async function openKeyspace(
  keyspace: string,
  directoryUrl: string,
  context: DatabaseContext,
): Promise<KeyspaceDatabase> {
  const { logger } = context;
  let isOpen = false;
  const onDirectory = (reachable: boolean, err: unknown): void => {
    if (!isOpen) return;
    if (reachable) logger.info({ keyspace }, 'the directory can be reached again');
    else logger.warn({ err, keyspace }, 'the directory is unavailable: the last shard map stays in force');
  };
  for (let tries = 0; ; tries += 1) {
    try {
      const map = await MapClient.open({ keyspace, directoryUrl, onDirectory });
      isOpen = true;
      return new KeyspaceDatabase(map, context);
    } catch (error) {
      if (!isTransient(error) && !isUnavailable(error)) throw error;
      if (tries === 0) logger.warn({ err: error, keyspace }, 'waiting for the directory');
      await delay(DIRECTORY_RETRY_MS);
    }
  }
}
