/**
 * How far a move has come. A phase is recorded before its work begins, so that whoever resumes knows what may be there:
 *
 *   planned       the buckets are reserved; nothing else has happened
 *   copying       the destination may hold rows, the source a publication and slots
 *   catching up   all rows were copied; changes follow
 *   fencing       the source may refuse writes to these buckets
 *   switched      the map points to the destination: the one commit point. From here on there is only forward
 *   active        the destination serves; the source still has its rows, for the comparison
 *   unsubscribed  nothing replicates any more; the source's rows are garbage
 *   purged        the source's rows are gone
 *   done          nothing of the move is left but its record
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

export type Phase = (typeof PHASES)[number];

export const isOver = (phase: Phase): boolean => phase === 'done' || phase === 'aborted';

/** Phases in which a move can stand still for long without anybody's requests waiting for it. */
export const canPause = (phase: Phase): boolean => ['planned', 'copying', 'catching up'].includes(phase);

/** Only before the commit point is there a way back. */
export const canAbort = (phase: Phase): boolean =>
  ['planned', 'copying', 'catching up', 'fencing', 'aborting'].includes(phase);

/** What a mover does, in order. Each can be done again by another mover that finds it half done. */
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

export type Step = (typeof STEPS)[number];

/** A move as the directory records it. */
export interface Move {
  readonly id: string;
  readonly keyspace: string;
  readonly source: string;
  readonly destination: string;
  readonly buckets: readonly number[];
  readonly phase: Phase;
  readonly attempt: number;
  readonly info: MoveInfo;
  /** An operator holds it: no mover goes on with it before its switch. */
  readonly paused: boolean;
  readonly requestedBy: string | null;
  readonly plannedAt: Date;
  readonly changedAt: Date;
}

export interface MoveInfo {
  /** A supervisor is to run it: nobody else will. */
  readonly supervised?: boolean;
  /** An operator asked a supervisor to take it back. */
  readonly abort?: boolean;
  /** The subscription's oid: table-sync slots are named after it. */
  readonly subscription?: string;
  /** How often the fence had to be lifted again because writers or queues did not drain in time. */
  readonly fenceRetries?: number;
  /** Milliseconds during which the source refused writes to these buckets, at the switch. */
  readonly fencedMs?: number;
  /** Of which, in milliseconds. */
  readonly fenceSteps?: Partial<Record<Step, number>>;
  /** What the comparison of both sides found. */
  readonly comparison?: 'equal' | 'different' | 'missed: a mover died between activation and comparison';
  readonly rows?: number;
  /** Milliseconds that the copy took, where one mover made it from its beginning to its end. */
  readonly copyMs?: number;
}
