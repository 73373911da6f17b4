import { CustomerId, Timestamp, withoutLimits } from '@stoa/contract-kit';
import { z } from 'zod';

/** The name of a keyspace, which is a service's sharded data. */
export const KeyspaceName = z.string().regex(/^[a-z][a-z0-9_-]{0,30}$/, 'lower case letters, digits, _ and -');
/** The name of a shard. */
export const ShardName = z.string().regex(/^[a-z][a-z0-9_-]{0,30}$/, 'lower case letters, digits, _ and -');
/** A bucket's number. A test of apps/shards compares its maximum with BUCKETS of @stoa/sharding. */
export const Bucket = z.int().min(0).max(1023);
const BucketNumber = withoutLimits(Bucket);
const Count = z.int().min(0);

const Orphans = z
  .array(z.object({ table: z.string(), buckets: z.array(BucketNumber), rows: Count }))
  .describe('Rows of buckets that are elsewhere and in no move, by table');

/** Measurements of a shard; null where its server is unavailable. */
const ShardHealth = z.object({
  serverVersion: z.string(),
  rows: Count.describe('Of the buckets that it serves'),
  bytes: Count.describe('Of those rows with their indexes, without free space'),
  estimated: z.boolean().describe('Rows and bytes were inferred from a part of a large table'),
  orphans: Orphans.optional(),
  fenced: Count.describe('Buckets that refuse writes at the moment, because a move is about to switch them'),
  connections: Count.describe('To this database'),
  maxConnections: Count.describe('To the whole server'),
  slots: z.array(
    z.object({ name: z.string(), active: z.boolean(), keptBytes: Count.describe('Log that the server keeps for it') }),
  ),
});

/** The status of a shard. */
export const Shard = z.object({
  keyspace: KeyspaceName,
  shard: ShardName,
  at: z.string().describe('host:port/database'),
  draining: z.boolean().describe('A rebalance brings it nothing'),
  buckets: Count,
  health: ShardHealth.nullable().describe('Null where the server can not be asked'),
  problem: z.string().nullable(),
});
export type Shard = z.infer<typeof Shard>;

/** The phases of a move, in the order of @stoa/sharding's PHASES. */
export const MOVE_PHASES = [
  'planned',
  'copying',
  'catching up',
  'fencing',
  'switched',
  'active',
  'unsubscribed',
  'purged',
  'done',
  'aborting',
  'aborted',
] as const;

/** A move of buckets. */
export const Move = z.object({
  id: z.uuid(),
  keyspace: KeyspaceName,
  from: ShardName,
  to: ShardName,
  buckets: z.array(BucketNumber),
  phase: z
    .enum(MOVE_PHASES)
    .describe("Up to 'fencing' it can be aborted; behind 'switched' it can only be finished, then reversed"),
  paused: z.boolean(),
  requestedBy: z.string().nullable(),
  rows: Count.nullable().describe('That were compared and found equal on both sides'),
  comparison: z.string().nullable().describe('equal, different, or why there was none'),
  writesWaitedMs: Count.nullable().describe('The longest that a write to these buckets was refused, at the switch'),
  plannedAt: Timestamp,
  changedAt: Timestamp,
});
export type Move = z.infer<typeof Move>;

/** The status of all keyspaces, shards and moves. */
export const Cluster = z.object({
  keyspaces: z.array(
    z.object({ keyspace: KeyspaceName, mapVersion: Count, unplaced: Count.describe('Buckets that no shard holds') }),
  ),
  shards: z.array(Shard),
  moves: z.array(Move).describe('Those that are not over'),
});
export type Cluster = z.infer<typeof Cluster>;

/** The location of a customer's data in each keyspace. */
export const KeyLocation = z.object({
  customerId: CustomerId,
  places: z.array(
    z.object({
      keyspace: KeyspaceName,
      bucket: BucketNumber,
      shard: ShardName,
      epoch: Count.describe('Grows by one whenever the bucket moves'),
      state: z.string().describe("As the shard says: owned, fenced, ready or gone; unknown where it can't be asked"),
      move: z.uuid().nullable(),
      problem: z.string().nullable(),
    }),
  ),
});

const Held = z.object({ buckets: Count, rows: Count, bytes: Count });

/** The moves of a rebalance or drain, with their effect and cost. */
export const Plan = z.object({
  moves: z.array(
    z.object({
      keyspace: KeyspaceName,
      from: ShardName,
      to: ShardName,
      buckets: z.array(BucketNumber),
      rows: Count,
      bytes: Count,
      seconds: z.number(),
    }),
  ),
  shares: z.array(z.object({ keyspace: KeyspaceName, shard: ShardName, before: Held, after: Held })),
  buckets: Count,
  rows: Count,
  bytes: Count,
  seconds: z.number().describe('About how long it will take'),
  estimated: z.boolean(),
  warnings: z.array(z.string()),
  unfinished: z.array(z.uuid()).describe('Moves that are under way already, and are finished first'),
});

/** The outcome of a reconciliation in one keyspace. */
export const Reconciled = z.object({
  keyspace: KeyspaceName,
  before: z.string().nullable().describe('The history (timeline) of its server when it last agreed with the directory'),
  now: z.string().describe('The history that it writes now; the same: there was nothing to do'),
  released: z
    .array(BucketNumber)
    .describe('That it claimed although they have moved to other shards; it serves them no more'),
  found: z.array(z.string()).optional().describe('In what it disagreed with the shard map'),
});

/** The outcome of a purge in one keyspace. */
export const Purged = z.object({
  keyspace: KeyspaceName,
  orphans: Orphans,
  purged: Count.describe('Rows that were deleted'),
});

const Finding = z.object({
  keyspace: KeyspaceName,
  kind: z.string(),
  shard: ShardName.optional(),
  buckets: z.array(BucketNumber).optional(),
  detail: z.string(),
});

/** A rebalance, drain or verification. */
export const Run = z.object({
  id: z.uuid(),
  kind: z.enum(['rebalance', 'drain', 'verify']),
  state: z
    .enum(['waiting', 'running', 'stopping', 'stopped', 'done', 'failed'])
    .describe('stopping: it ends after the moves under way'),
  keyspaces: z.array(KeyspaceName).nullable().describe('Null: all'),
  shard: ShardName.nullable().describe('That is drained'),
  requestedBy: z.string().nullable(),
  moves: Count.nullable(),
  movesDone: Count.nullable(),
  rows: Count.nullable().describe('Copied so far'),
  ofRows: Count.nullable(),
  secondsPlanned: Count.nullable(),
  findings: z.array(Finding).nullable().describe('Of a verification'),
  message: z.string().nullable(),
  createdAt: Timestamp,
  changedAt: Timestamp,
});
export type Run = z.infer<typeof Run>;
