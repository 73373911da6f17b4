import { command, pageLimit, query, service } from '@stoa/contract-kit';
import { z } from 'zod';
import {
  Bucket,
  Cluster,
  KeyspaceName,
  Move,
  Plan,
  Purged,
  Reconciled,
  Run,
  ShardName,
  KeyLocation,
} from './shapes.js';

export * from './shapes.js';

const Keyspaces = z.array(KeyspaceName).min(1).optional().describe('All if not given');
const By = z.enum(['bytes', 'rows']).default('bytes').describe('What is made even');
const Pace = {
  groupBuckets: z.int().min(1).max(256).default(64).describe('The most that one move takes'),
  parallel: z.int().min(1).max(16).default(2).describe('Moves side by side, never two from one shard'),
};
const ShardUrl = z.string().min(1).max(2_000).meta({ writeOnly: true });
const REFUSED = { REFUSED: 409 } as const;
const KNOWN = { NOT_FOUND: 404, REFUSED: 409 } as const;
const OneMove = z.object({ id: z.uuid() });
/** Milliseconds for operations that query servers one by one, some of which may not respond. */
const ASKING_MS = 10_000;

/** Operators' view of sharded data, and moves of them. Long operations reply at once and are then read by their id. */
export const shards = service(
  'shards',
  {
    version: 4,
    title: 'Shards',
    description: 'Which Postgres server holds which customers, and moving them while they are in use.',
  },
  {
    getShards: query({
      http: 'GET /v1/shards',
      summary: 'Read what each shard holds, and which moves are under way',
      caller: 'operator:read-only',
      input: z.object({}),
      output: Cluster,
      budgetMs: ASKING_MS,
    }),
    whereIsCustomer: query({
      http: 'GET /v1/shards/where',
      summary: "Find where a customer's data are",
      caller: 'operator:read-only',
      input: z.object({ customer: z.string().min(3).max(320).describe("A customer's id or e-mail address") }),
      output: KeyLocation,
      errors: KNOWN,
      budgetMs: ASKING_MS,
    }),
    planRebalance: query({
      http: 'GET /v1/shards/plan',
      summary: 'Read what a rebalance or a drain would move, and what keeps it from being done',
      caller: 'operator:read-only',
      input: z.object({
        keyspace: KeyspaceName.optional().describe('All if not given'),
        by: By,
        drain: ShardName.optional(),
        groupBuckets: Pace.groupBuckets,
      }),
      output: Plan,
      errors: REFUSED,
      budgetMs: ASKING_MS,
    }),

    startRebalance: command({
      http: 'POST /v1/shards/rebalances',
      summary: "Make the shards' shares even",
      caller: 'operator:owner',
      key: 'command.id',
      input: z.object({ keyspaces: Keyspaces, by: By, ...Pace }),
      output: Run,
      status: 202,
      location: '/v1/shards/runs/{id}',
    }),
    startDrain: command({
      http: 'POST /v1/shards/{shard}/drain',
      summary: 'Move everything from a shard, and bring it nothing any more',
      caller: 'operator:owner',
      key: 'command.id',
      input: z.object({ shard: ShardName, keyspaces: Keyspaces, ...Pace }),
      output: Run,
      status: 202,
      location: '/v1/shards/runs/{id}',
      errors: REFUSED,
    }),
    endDrain: command({
      http: 'DELETE /v1/shards/{shard}/drain',
      summary: 'Let rebalances bring a shard something again',
      caller: 'operator:owner',
      key: 'command.id',
      input: z.object({ shard: ShardName }),
      output: z.object({ shard: ShardName, keyspaces: z.array(KeyspaceName) }),
      errors: REFUSED,
    }),
    startVerification: command({
      http: 'POST /v1/shards/verifications',
      summary: 'Compare the map, the owners and the rows on all shards',
      caller: 'operator:owner',
      key: 'command.id',
      input: z.object({ keyspaces: Keyspaces }),
      output: Run,
      status: 202,
      location: '/v1/shards/runs/{id}',
    }),
    getRun: query({
      http: 'GET /v1/shards/runs/{id}',
      summary: 'Read how far a rebalance, drain or verification is',
      caller: 'operator:read-only',
      input: z.object({ id: z.uuid() }),
      output: Run,
      errors: { NOT_FOUND: 404 },
    }),
    listRuns: query({
      http: 'GET /v1/shards/runs',
      summary: 'List the latest rebalances, drains and verifications',
      caller: 'operator:read-only',
      input: z.object({ limit: pageLimit(100) }),
      output: z.object({ items: z.array(Run) }),
    }),
    stopRun: command({
      http: 'POST /v1/shards/runs/{id}/stop',
      summary: 'Let a rebalance or drain end after the moves under way; another one goes on with the rest',
      caller: 'operator:owner',
      key: 'command.id',
      input: z.object({ id: z.uuid() }),
      output: Run,
      errors: { NOT_FOUND: 404 },
    }),

    moveBuckets: command({
      http: 'POST /v1/shards/moves',
      summary: 'Move certain buckets of a keyspace to another shard',
      caller: 'operator:owner',
      key: 'command.id',
      input: z.object({
        keyspace: KeyspaceName,
        buckets: z.array(Bucket).min(1).max(256),
        from: ShardName,
        to: ShardName,
      }),
      output: Move,
      status: 202,
      location: '/v1/shards/moves/{id}',
      errors: REFUSED,
    }),
    getMove: query({
      http: 'GET /v1/shards/moves/{id}',
      summary: 'Read how far a move is',
      caller: 'operator:read-only',
      input: OneMove,
      output: Move,
      errors: { NOT_FOUND: 404 },
    }),
    listMoves: query({
      http: 'GET /v1/shards/moves',
      summary: 'List the latest moves',
      caller: 'operator:read-only',
      input: z.object({ keyspace: KeyspaceName.optional(), limit: pageLimit(100) }),
      output: z.object({ items: z.array(Move) }),
    }),
    abortMove: command({
      http: 'POST /v1/shards/moves/{id}/abort',
      summary: 'Take a move back before its switch',
      caller: 'operator:owner',
      key: 'command.id',
      input: OneMove,
      output: Move,
      status: 202,
      errors: KNOWN,
    }),
    reverseMove: command({
      http: 'POST /v1/shards/moves/{id}/reverse',
      summary: 'Move the buckets of a finished move back',
      caller: 'operator:owner',
      key: 'command.id',
      input: OneMove,
      output: Move,
      status: 202,
      location: '/v1/shards/moves/{id}',
      errors: KNOWN,
    }),
    pauseMove: command({
      http: 'POST /v1/shards/moves/{id}/pause',
      summary: 'Keep a move from going on before its switch',
      caller: 'operator:owner',
      key: 'command.id',
      input: OneMove,
      output: Move,
      errors: KNOWN,
    }),
    resumeMove: command({
      http: 'POST /v1/shards/moves/{id}/resume',
      summary: 'Let a paused move go on',
      caller: 'operator:owner',
      key: 'command.id',
      input: OneMove,
      output: Move,
      status: 202,
      errors: KNOWN,
    }),

    addShard: command({
      http: 'POST /v1/shards',
      summary: 'Make a database that was migrated as a shard known, or change its addresses; it holds nothing yet',
      caller: 'operator:owner',
      key: 'command.id',
      input: z.object({
        keyspace: KeyspaceName,
        shard: ShardName,
        url: ShardUrl.describe('As services connect'),
        adminUrl: ShardUrl.describe('As its owner connects'),
      }),
      output: z.object({ keyspace: KeyspaceName, shard: ShardName }),
      status: 201,
      errors: REFUSED,
      budgetMs: ASKING_MS,
    }),
    reconcileShard: command({
      http: 'POST /v1/shards/{shard}/reconcile',
      summary: 'Let a server serve again that was restored from a backup, or is a standby that took over',
      caller: 'operator:owner',
      key: 'command.id',
      input: z.object({ shard: ShardName, keyspaces: Keyspaces }),
      output: z.object({ shard: ShardName, keyspaces: z.array(Reconciled) }),
      errors: REFUSED,
      budgetMs: ASKING_MS,
    }),
    purgeOrphans: command({
      http: 'POST /v1/shards/{shard}/purge-orphans',
      summary: 'Count or delete rows that a shard holds of buckets which are elsewhere',
      caller: 'operator:owner',
      key: 'command.id',
      input: z.object({
        shard: ShardName,
        keyspaces: Keyspaces,
        dryRun: z.boolean().default(true).describe('Only count them'),
      }),
      output: z
        .object({ shard: ShardName, keyspaces: z.array(Purged) })
        .describe('Of many rows some are left: repeat it'),
      errors: REFUSED,
      since: 2,
      budgetMs: ASKING_MS,
    }),
    removeShard: command({
      http: 'DELETE /v1/shards/{shard}',
      summary: 'Forget a shard that holds nothing',
      caller: 'operator:owner',
      key: 'command.id',
      input: z.object({ shard: ShardName }),
      output: z.object({ shard: ShardName, keyspaces: z.array(KeyspaceName) }),
      errors: REFUSED,
    }),
  },
);
