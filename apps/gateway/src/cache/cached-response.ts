/** An answer that is the same for everybody, with what decides how long it may be given. Times: this clone's monotonic clock, ms. */
export interface CachedAnswer {
  readonly body: Buffer;
  readonly etag: string;
  /** The clone of the service that answered. */
  readonly servedBy: string;
  /** Events that invalidate one of these make it stale. */
  readonly tags: readonly string[];
  readonly maxAgeMs: number;
  /** Before its query was sent: nothing that was acknowledged by then is missing in it. */
  readonly queriedAt: number;
}

/** When each tag was last made stale by an event. */
export interface Invalidations {
  lastOf(tag: string): number | undefined;
}

/**
 * Whether it may be given to a request that came at `arrival`. Its age counts from before its query was sent, so that an
 * answer that was long on its way can't outlive a change; an event that came since then ends it early. Hence no event
 * has to arrive for the promise to hold.
 */
export function isFresh(answer: CachedAnswer, arrival: number, invalidations: Invalidations): boolean {
  if (arrival >= answer.queriedAt + answer.maxAgeMs) return false;
  for (const tag of answer.tags) {
    const last = invalidations.lastOf(tag);
    if (last !== undefined && last >= answer.queriedAt) return false;
  }
  return true;
}

/** Whether it may stand in, marked as stale, while its service can't be reached. */
export const mayStandIn = (answer: CachedAnswer, now: number, staleMs: number): boolean =>
  now < answer.queriedAt + staleMs;

/** The one that was asked for later. */
export function newer(a: CachedAnswer | undefined, b: CachedAnswer | undefined): CachedAnswer | undefined {
  if (!a || !b) return a ?? b;
  return a.queriedAt >= b.queriedAt ? a : b;
}
