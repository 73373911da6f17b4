import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { CONFIG } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import { isFresh, type CachedAnswer, type Invalidations } from './cached-answer.js';

/** An answer in memory with the headers that it is sent with, name after value, as Node writes them fastest. */
export interface Entry {
  readonly answer: CachedAnswer;
  readonly headers: readonly string[];
  /** Of 304 Not Modified. */
  readonly shortHeaders: readonly string[];
  /** Counts the hits of the operation; read when metrics are scraped, because a counter with labels costs 1 µs. */
  readonly hits: { count: number };
}

/** What an entry costs besides its body: headers, keys, the list's nodes. */
const OVERHEAD_BYTES = 1_000;
/** Older invalidations than the longest life of an answer change nothing. */
const KEEP_INVALIDATIONS_MS = 60_000;
const MANY_INVALIDATIONS = 10_000;

/** Ready answers by request target (path and query string as they came), within a bound of bytes. */
@Injectable()
export class MemoryCache implements Invalidations {
  private readonly entries: LRUCache<string, Entry>;
  private readonly invalidated = new Map<string, number>();
  private readonly hitsByOperation = new Map<string, { count: number }>();

  constructor(
    @Inject(CONFIG) private readonly config: Pick<
      GatewayConfig,
      'CACHE_MEMORY_BYTES' | 'STOA_CLONE' | 'STOA_SERVED_BY'
    >,
  ) {
    const maxSize = Math.max(1, config.CACHE_MEMORY_BYTES);
    this.entries = new LRUCache({
      maxSize,
      maxEntrySize: Math.ceil(maxSize / 4),
      sizeCalculation: ({ answer }) => answer.body.length + OVERHEAD_BYTES,
    });
  }

  /** The entry of a request target, fresh or not. */
  get(target: string): Entry | undefined {
    return this.entries.get(target);
  }

  /** The entry, if it may be given to a request that came at `arrival`. */
  fresh(target: string, arrival: number): Entry | undefined {
    const entry = this.entries.get(target);
    return entry && isFresh(entry.answer, arrival, this) ? entry : undefined;
  }

  put(target: string, operation: string, answer: CachedAnswer): Entry {
    let hits = this.hitsByOperation.get(operation);
    if (!hits) this.hitsByOperation.set(operation, (hits = { count: 0 }));
    const shortHeaders = this.shortHeaders(answer);
    const headers = ['Content-Type', 'application/json', 'Content-Length', String(answer.body.length), ...shortHeaders];
    const entry = { answer, headers, shortHeaders, hits };
    this.entries.set(target, entry);
    return entry;
  }

  drop(target: string): void {
    this.entries.delete(target);
  }

  /** Contracts changed: what was answered under the old ones is gone. */
  clear(): void {
    this.entries.clear();
  }

  /** An event said that what bears the tag changed before `now`. */
  invalidate(tag: string, now: number): void {
    if (this.invalidated.size >= MANY_INVALIDATIONS) this.forgetOld(now);
    this.invalidated.set(tag, now);
  }

  lastOf(tag: string): number | undefined {
    return this.invalidated.get(tag);
  }

  /** Hits since the last call, by operation. */
  takeHits(): [operation: string, hits: number][] {
    const taken = [...this.hitsByOperation].map(([operation, hits]): [string, number] => [operation, hits.count]);
    for (const hits of this.hitsByOperation.values()) hits.count = 0;
    return taken;
  }

  private shortHeaders({ etag, servedBy }: CachedAnswer): string[] {
    const { STOA_CLONE, STOA_SERVED_BY } = this.config;
    const servers = STOA_SERVED_BY ? ['Stoa-Gateway', STOA_CLONE, 'Stoa-Served-By', servedBy] : [];
    return ['ETag', etag, 'Cache-Control', 'no-cache', 'Cache-Status', 'Stoa; hit', ...servers];
  }

  private forgetOld(now: number): void {
    for (const [tag, at] of this.invalidated) if (at < now - KEEP_INVALIDATIONS_MS) this.invalidated.delete(tag);
    // So many within a minute: forgetting them all would be wrong, taking everything as stale for a moment is not.
    if (this.invalidated.size >= MANY_INVALIDATIONS) {
      this.entries.clear();
      this.invalidated.clear();
    }
  }
}
