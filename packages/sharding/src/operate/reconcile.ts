import { expectShard } from '../install.js';
import { oneRow, type Sql } from '../postgres/sql.js';
import { OperationRefused } from './refused.js';
import { knownShards, onShard, shardsNamed, type KnownShard } from './shards.js';

/** What a shard's server was told. */
export interface Reconciliation {
  readonly keyspace: string;
  readonly shard: string;
  /** The histories (timelines) of its server: when it last agreed with the directory, and now. */
  readonly before: string | null;
  readonly now: string;
  /** Buckets that it took for its own although they have moved away. It serves them no more; their rows are orphans. */
  readonly released: readonly number[];
}

export interface ReconcileRequest {
  readonly shard: string;
  /** All that have it if not given. */
  readonly keyspaces?: readonly string[];
  /** Only look what would be done. */
  readonly dryRun?: boolean;
}

/**
 * Lets a shard serve again in all keyspaces that have it; each is looked at before one is changed.
 * @throws OperationRefused; SessionLost when its server can't be reached.
 */
export async function reconcileEverywhere(directory: Sql, request: ReconcileRequest): Promise<Reconciliation[]> {
  const { shard, keyspaces, dryRun = false } = request;
  const meant = shardsNamed(await knownShards(directory, keyspaces), shard);
  const intended: Reconciliation[] = [];
  for (const known of meant) intended.push(await reconcileShard(directory, known, true));
  if (dryRun) return intended;
  const done: Reconciliation[] = [];
  for (const known of meant) done.push(await reconcileShard(directory, known));
  return done;
}

interface Placed {
  readonly bucket: number;
  readonly shard: string;
  readonly epoch: string;
}

interface Owner {
  readonly bucket: number;
  readonly state: string;
  readonly epoch: string;
  readonly move: string | null;
}

/**
 * Compares what a shard believes to own with what the map says, after its server was restored or a standby took over, and lets it
 * serve again. What the map has elsewhere is given up. A server that is in the history it was in changes nothing.
 * @param directory a session with the directory.
 * @throws OperationRefused when the map gives it buckets that it does not know of: it has lost what was committed there.
 */
export async function reconcileShard(directory: Sql, known: KnownShard, dryRun = false): Promise<Reconciliation> {
  const { keyspace, shard } = known;
  const { rows: placed } = await directory.query<Placed>(
    'SELECT bucket, shard, epoch FROM sharding.bucket_map WHERE keyspace = $1',
    [keyspace],
  );
  const { rows: moves } = await directory.query<{ id: string }>(
    `SELECT id FROM sharding.moves WHERE keyspace = $1 AND phase NOT IN ('done', 'aborted')`,
    [keyspace],
  );
  const running = moves.map(({ id }) => id);
  return onShard(known, (session) =>
    session.transaction(async (tx) => {
      await expectShard(tx, keyspace, shard);
      const { before, now } = await oneRow<{ before: string | null; now: string }>(
        tx,
        'SELECT timeline AS before, sharding.server_timeline() AS now FROM sharding.identity FOR UPDATE',
      );
      const { rows: owners } = await tx.query<Owner>(
        'SELECT bucket, state, epoch, move_id AS move FROM sharding.bucket_owner FOR UPDATE',
      );
      const released = before === now ? [] : compare(known, placed, owners, running);
      if (!dryRun && before !== now) {
        // A move that is under way finds its own marks again; what is left of others means nothing any more.
        await tx.query(
          `UPDATE sharding.bucket_owner SET state = 'gone', move_id = CASE WHEN move_id = ANY ($2) THEN move_id END
           WHERE bucket = ANY ($1)`,
          [released, running],
        );
        await tx.query('UPDATE sharding.identity SET timeline = $1', [now]);
      }
      return { keyspace, shard, before, now, released };
    }),
  );
}

/** @returns the buckets that the shard serves and the map has elsewhere. @throws OperationRefused for the other way round. */
function compare(
  { keyspace, shard }: KnownShard,
  placed: readonly Placed[],
  owners: readonly Owner[],
  running: readonly string[],
): number[] {
  const known = new Map(owners.map((owner) => [owner.bucket, owner]));
  const has = ({ bucket, epoch }: Placed): boolean => {
    const owner = known.get(bucket);
    if (owner?.epoch !== epoch) return false;
    // `ready`: the map was switched by a move that has not told this side yet, and will.
    return serves(owner) || (owner.state === 'ready' && owner.move !== null && running.includes(owner.move));
  };
  const own = placed.filter((place) => place.shard === shard);
  const lost = own.filter((place) => !has(place)).map(({ bucket }) => bucket);
  if (lost.length > 0) {
    throw new OperationRefused(
      `The server of ${keyspace}/${shard} lacks what was committed: the map gives it bucket ${lost.slice(0, 20).join(', ')}` +
        `${lost.length > 20 ? ` and ${lost.length - 20} more` : ''}, which it does not have. Bring back a server that has them`,
    );
  }
  const elsewhere = new Set(placed.filter((place) => place.shard !== shard).map(({ bucket }) => bucket));
  return owners.filter((owner) => serves(owner) && elsewhere.has(owner.bucket)).map(({ bucket }) => bucket);
}

const serves = ({ state }: Owner): boolean => state === 'owned' || state === 'fenced';
