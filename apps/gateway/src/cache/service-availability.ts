import { LRUCache } from 'lru-cache';

/** After a failure, one request tries again each time this has passed; the others needn't wait for it. */
const RETRY_MS = 1_000;
/** So many different queries in a row without any reply are not one query's, nor one shard's, own trouble. */
const EVIDENCE = 3;
/** Queries that are known to fail. One that is forgotten is only tried again. */
const MOST_QUERIES = 1_000;

interface Failure {
  readonly retryAt: number;
  probing: boolean;
}

const failedAt = (now: number): Failure => ({ retryAt: now + RETRY_MS, probing: false });
const mayProbe = (failure: Failure | undefined, now: number): boolean =>
  failure === undefined || (!failure.probing && now >= failure.retryAt);

/**
 * ServiceAvailability knows which queries get no reply, and which services send none at all. During a failure a single
 * request at a time probes whether it has passed; all others learn of it at once, so that they can get a stale response
 * without a wait. One query may fail for reasons of its own, or of one shard: only several in a row without any reply
 * in between are evidence about their service. Times: performance.now().
 */
export class ServiceAvailability {
  private readonly services = new Map<string, Failure>();
  private readonly queries = new LRUCache<string, Failure>({ max: MOST_QUERIES });
  private readonly repliedAt = new Map<string, number>();
  /** Queries that got no reply since the service's last one. */
  private readonly withoutReply = new Map<string, Set<string>>();

  /** True when the caller should query; it must then call `replied`, `queryFailed` or `noReply`. */
  mayTry(service: string, now: number, query = ''): boolean {
    const ofService = this.services.get(service);
    const ofQuery = this.queries.get(query);
    if (!mayProbe(ofService, now) || !mayProbe(ofQuery, now)) return false;
    if (ofService) ofService.probing = true;
    if (ofQuery) ofQuery.probing = true;
    return true;
  }

  /** The service replied, with an output or an error. */
  replied(service: string, query = '', now = performance.now()): void {
    this.services.delete(service);
    this.withoutReply.delete(service);
    this.queries.delete(query);
    this.repliedAt.set(service, now);
  }

  /** This query fails for now, which is no evidence about the service. */
  queryFailed(service: string, now: number, query: string): void {
    this.queries.set(query, failedAt(now));
    if (this.services.has(service)) this.services.set(service, failedAt(now));
  }

  /** A query sent at `queriedAt` got no reply. Without a query: the service as a whole is known to send none. */
  noReply(service: string, now: number, query?: string, queriedAt = now): void {
    if (query === undefined) return void this.services.set(service, failedAt(now));
    this.queryFailed(service, now, query);
    if ((this.repliedAt.get(service) ?? -Infinity) >= queriedAt) return;
    const withoutReply = this.withoutReply.get(service) ?? new Set<string>();
    this.withoutReply.set(service, withoutReply);
    if (withoutReply.size < EVIDENCE) withoutReply.add(query);
    if (withoutReply.size >= EVIDENCE) this.services.set(service, failedAt(now));
  }
}
