import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { CONFIG } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import { prepareHeaders } from '../http/response-sender.js';
import { cachedHeaders, isFresh, type CachedResponse, type Invalidations } from './cached-response.js';

/** A response in memory, with the headers that it is sent with. */
export interface Entry {
  readonly response: CachedResponse;
  /** Of 200, prepared. */
  readonly headers: readonly string[];
  /** Of 304 Not Modified, prepared. */
  readonly notModifiedHeaders: readonly string[];
  /** Counts the hits of the operation; read when metrics are scraped, because a counter with labels costs 1 µs. */
  readonly hits: { count: number };
}

/** Bytes of an entry besides its texts and its body: objects, headers, the list's nodes. Measured: 1,180, and 430. */
const OVERHEAD_BYTES = 1_200;
const SPELLING_OVERHEAD_BYTES = 430;
/** Requests with longer targets go on to Fastify, and their input is read. */
const LONGEST_SPELLING = 1_024;
/** The share of the bound that is for spellings. */
const SPELLINGS_SHARE = 1 / 8;
/** Invalidations that are older than any response in memory can be have no effect. */
const KEEP_INVALIDATIONS_MS = 60_000;
const MANY_INVALIDATIONS = 10_000;
const MANY_INVALIDATION_BYTES = 2_000_000;

/** A text's bytes in memory, at most. */
const bytesOf = (text: string): number => 2 * text.length;

const sizeOf = ({ response: { body, etag, servedBy, tags } }: Entry, key: string): number =>
  [key, etag, servedBy, ...tags].reduce((sum, text) => sum + bytesOf(text), body.length + OVERHEAD_BYTES);

/** The same bytes in memory of their own: a body arrives as a slice of a chunk, all of which it would keep. */
function ownCopy(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

/**
 * MemoryCache holds responses by their cache key, within a bound of bytes. One key has many spellings: request targets
 * (path and query string as they came) that mean the same query. Those seen last are remembered, so that they need not
 * be read again.
 */
@Injectable()
export class MemoryCache implements Invalidations {
  private readonly entries: LRUCache<string, Entry>;
  /** Request target → key. */
  private readonly spellings: LRUCache<string, string>;
  private readonly invalidated = new Map<string, number>();
  private invalidatedBytes = 0;
  private readonly hitsByOperation = new Map<string, { count: number }>();

  constructor(@Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'CACHE_MEMORY_BYTES' | 'STOA_SERVED_BY'>) {
    const ofSpellings = Math.ceil(config.CACHE_MEMORY_BYTES * SPELLINGS_SHARE);
    const maxSize = Math.max(1, config.CACHE_MEMORY_BYTES - ofSpellings);
    this.entries = new LRUCache({ maxSize, maxEntrySize: Math.ceil(maxSize / 4), sizeCalculation: sizeOf });
    this.spellings = new LRUCache({
      maxSize: Math.max(1, ofSpellings),
      sizeCalculation: (key, target) => bytesOf(target) + bytesOf(key) + SPELLING_OVERHEAD_BYTES,
    });
  }

  /** The bytes that are held: bodies, keys, spellings, and what there is about each. */
  get bytes(): number {
    return this.entries.calculatedSize + this.spellings.calculatedSize;
  }

  /** @param name a key, or a spelling of one. @returns its entry, fresh or not. */
  get(name: string): Entry | undefined {
    return this.entries.get(this.spellings.get(name) ?? name);
  }

  /** The entry, if it may be served to a request that came at `arrival`. */
  fresh(name: string, arrival: number): Entry | undefined {
    const entry = this.get(name);
    return entry && isFresh(entry.response, arrival, this) ? entry : undefined;
  }

  put(key: string, operation: string, from: CachedResponse): Entry {
    let hits = this.hitsByOperation.get(operation);
    if (!hits) this.hitsByOperation.set(operation, (hits = { count: 0 }));
    const response = { ...from, body: ownCopy(from.body) };
    const notModifiedHeaders = prepareHeaders(cachedHeaders(response, 'hit', 0), this.config);
    const length = String(response.body.length);
    const headers = ['content-type', 'application/json', 'content-length', length, ...notModifiedHeaders];
    const entry = { response, headers, notModifiedHeaders, hits };
    this.entries.set(key, entry);
    return entry;
  }

  /** From now on a request for that target finds the key's entry. */
  spell(target: string, key: string): void {
    if (target.length <= LONGEST_SPELLING) this.spellings.set(target, key);
  }

  drop(key: string): void {
    this.entries.delete(key);
  }

  /** Contracts changed: responses under the old ones are dropped, and targets may mean something else. */
  clear(): void {
    this.entries.clear();
    this.spellings.clear();
  }

  /** An event reported that data with this tag changed before `now`. */
  invalidate(tag: string, now: number): void {
    if (this.invalidated.size >= MANY_INVALIDATIONS || this.invalidatedBytes >= MANY_INVALIDATION_BYTES)
      this.forgetOld(now);
    if (!this.invalidated.has(tag)) this.invalidatedBytes += bytesOf(tag);
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

  private forgetOld(now: number): void {
    for (const [tag, at] of this.invalidated) {
      if (at >= now - KEEP_INVALIDATIONS_MS) continue;
      this.invalidated.delete(tag);
      this.invalidatedBytes -= bytesOf(tag);
    }
    if (this.invalidated.size < MANY_INVALIDATIONS && this.invalidatedBytes < MANY_INVALIDATION_BYTES) return;
    // Too many within a minute: dropping only the invalidations would serve stale responses, so both are dropped.
    this.entries.clear();
    this.invalidated.clear();
    this.invalidatedBytes = 0;
  }
}
