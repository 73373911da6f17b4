import type { OutputOf } from '@stoa/contract-kit';
import type { Caller } from '@stoa/messaging';
import type { Move, Run } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';

/** Converts a move to the contract's form. */
export function moveReply(move: Move): OutputOf<typeof shards.getMove> {
  const { id, keyspace, source: from, destination: to, buckets, phase, paused, requestedBy, info } = move;
  return {
    id,
    keyspace,
    from,
    to,
    buckets: [...buckets],
    phase,
    paused,
    requestedBy,
    rows: info.rows ?? null,
    comparison: info.comparison ?? null,
    writesWaitedMs: info.fencedMs ?? null,
    plannedAt: move.plannedAt.toISOString(),
    changedAt: move.changedAt.toISOString(),
  };
}

/** Converts a run to the contract's form. */
export function runReply(run: Run): OutputOf<typeof shards.getRun> {
  const { id, kind, state, options, requestedBy, progress } = run;
  const { moves, movesDone, rows, ofRows, secondsPlanned, message, findings } = progress;
  return {
    id,
    kind,
    state,
    requestedBy,
    keyspaces: options.keyspaces ? [...options.keyspaces] : null,
    shard: options.shard ?? null,
    moves: moves ?? null,
    movesDone: movesDone ?? null,
    rows: rows ?? null,
    ofRows: ofRows ?? null,
    secondsPlanned: secondsPlanned ?? null,
    message: message ?? null,
    findings:
      findings?.map(({ buckets, shard, ...finding }) => ({
        ...finding,
        ...(shard !== undefined && { shard }),
        ...(buckets && { buckets: [...buckets] }),
      })) ?? null,
    createdAt: run.createdAt.toISOString(),
    changedAt: run.changedAt.toISOString(),
  };
}

/** The requester's name, as recorded in the directory for people. */
export const requesterOf = (caller: Caller): string =>
  caller.kind === 'service' ? `the service ${caller.name}` : `${caller.kind} ${caller.customerId}`;
