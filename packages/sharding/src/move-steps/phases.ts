/**
 * The phases of a move. A phase is recorded before its work begins, so that a mover that resumes knows what may exist:
 *
 *   planned       the buckets are reserved; nothing else is done
 *   copying       the destination may have rows, the source a publication and slots
 *   catching up   all rows are copied; changes follow
 *   fencing       the source may refuse writes to these buckets
 *   switched      the map points to the destination: the commit point. From here on a move only goes forward
 *   active        the destination serves; the source still has its rows, for the comparison
 *   unsubscribed  nothing replicates any more; the source's rows are garbage
 *   purged        the source's rows are deleted
 *   done          only the record of the move is left
 *   aborting      the way back, from any phase before `switched`
 *   aborted       as before the move
 */
export const PHASES = [
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

/** A phase of a move. */
export type Phase = (typeof PHASES)[number];

/** True for a move that is done or aborted. */
export const isOver = (phase: Phase): boolean => phase === 'done' || phase === 'aborted';

/** True in phases in which a move can rest without requests waiting for it. */
export const canPause = (phase: Phase): boolean => ['planned', 'copying', 'catching up'].includes(phase);

/** True before the commit point. */
export const canAbort = (phase: Phase): boolean =>
  ['planned', 'copying', 'catching up', 'fencing', 'aborting'].includes(phase);

/** The steps of a move, in order. Each can be repeated by another mover that finds it half done. */
export const STEPS = [
  'check servers',
  'prepare destination',
  'create publication',
  'create slot',
  'create subscription',
  'wait for copy',
  'catch up',
  'fence',
  'drain writers',
  'drain queues',
  'compare schemas',
  'advance sequences',
  'wait for marker',
  'make destination ready',
  'switch',
  'open snapshot',
  'retire source',
  'activate destination',
  'compare rows',
  'drop subscription',
  'drop publication',
  'purge',
  'forget',
] as const;

/** A step of a move. */
export type Step = (typeof STEPS)[number];

/** A move as recorded in the directory. */
export interface Move {
  readonly id: string;
  readonly keyspace: string;
  readonly source: string;
  readonly destination: string;
  readonly buckets: readonly number[];
  readonly phase: Phase;
  readonly attempt: number;
  readonly info: MoveInfo;
  /** True while an operator's pause keeps it from its switch. */
  readonly paused: boolean;
  readonly requestedBy: string | null;
  readonly plannedAt: Date;
  readonly changedAt: Date;
}

/** Details of a move, recorded with its phase. */
export interface MoveInfo {
  /** A supervisor must run it, because its requester does not. */
  readonly supervised?: boolean;
  /** An operator requested its abortion from a supervisor. */
  readonly abort?: boolean;
  /** The subscription's oid, which is part of the names of table-sync slots. */
  readonly subscription?: string;
  /** The number of times the fence was lifted again because writers or queues did not drain in time. */
  readonly fenceRetries?: number;
  /** Milliseconds during which the source refused writes to these buckets, at the switch. */
  readonly fencedMs?: number;
  /** Milliseconds of each step of these. */
  readonly fenceSteps?: Partial<Record<Step, number>>;
  /** The result of the comparison of both sides. */
  readonly comparison?: 'equal' | 'different' | 'missed: a mover died between activation and comparison';
  readonly rows?: number;
  /** Milliseconds of the copy, where one mover made all of it. */
  readonly copyMs?: number;
}
