/** Limits of a move, in milliseconds unless noted. */
export interface MoveLimits {
  /** Wait for the writers of one bucket under the fence. */
  readonly lockMs: number;
  /** Wait for all writers together. */
  readonly drainMs: number;
  /** Wait for queues (an outbox) to be empty. */
  readonly queueMs: number;
  /** Wait for the marker. */
  readonly markerMs: number;
  /** The replication lag that must be reached before the fence is tried. It grows while it is not reached. */
  readonly lagMs: number;
  /** The most rows in queues before the fence is tried. */
  readonly queueRows: number;
  /** The first pause between two attempts at the fence; it doubles up to ten times as long. */
  readonly pauseMs: number;
  /** The number of attempts at the fence before the move stalls. */
  readonly fenceTries: number;
  /** The time without progress after which the move stalls. */
  readonly stallMs: number;
  /** Wait for another mover, whose process may just have died. */
  readonly busyMs: number;
  /** The number of rows per transaction of the purge. */
  readonly purgeRows: number;
}

/** The limits of production. */
export const DEFAULT_LIMITS: MoveLimits = {
  lockMs: 200,
  drainMs: 400,
  queueMs: 300,
  markerMs: 1_000,
  lagMs: 100,
  queueRows: 100,
  pauseMs: 250,
  fenceTries: 40,
  stallMs: 60_000,
  busyMs: 5_000,
  purgeRows: 5_000,
};
