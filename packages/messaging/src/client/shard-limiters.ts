import { hash } from 'node:crypto';
import { InFlightBound, type BoundSettings } from './concurrency-limiter.js';

/** As many as buckets of @stoa/sharding, and made of keys like them: all keys of a slot are on the same shard. */
const SLOTS = 1_024;

/** A request's way through the bounds. Each is followed by one `leave` or `end`. */
export interface Entry {
  /** @param waitMs how long the request queued, by its reply; null when no reply came */
  leave(waitMs: number | null): void;
  /** It ended, and says nothing of how busy the service is. */
  end(): void;
}

/**
 * Bounds of the requests in flight to one service: of each part of its data (a shard) by itself, so that one that is
 * slow takes nothing from the others; and one for what is not known to have a part. Which part a key's data are in is
 * learned from the replies, which say who served them (`cart-1@shard2`): whoever asks knows of no shards.
 */
export class PartBounds {
  private readonly rest: InFlightBound;
  private readonly parts = new Map<string, InFlightBound>();
  private readonly partOf: (InFlightBound | undefined)[] = [];

  /**
   * @param onChange called with a bound that changed; `part` is undefined for what has none
   * @param most how many one of several parts may have in flight, however promptly it answers
   */
  constructor(
    private readonly settings: BoundSettings,
    private readonly onChange?: (part: string | undefined, bound: number, inFlight: number) => void,
    private readonly most = Infinity,
  ) {
    this.rest = this.bound(undefined, settings);
  }

  /** False while a request would be refused, whatever part its data are in. */
  get hasRoom(): boolean {
    if (this.parts.size === 0) return !this.rest.isFull;
    for (const part of this.parts.values()) if (!this.isFull(part)) return true;
    return false;
  }

  /** A part alone keeps no room for others. */
  private isFull(part: InFlightBound): boolean {
    return part.isFull || (this.parts.size > 1 && part.inFlight >= this.most);
  }

  /** @returns undefined when there are too many already */
  enter(key: string | undefined): Entry | undefined {
    const known = this.parts.size > 0 && key !== undefined ? this.partOf[slotOf(key)] : undefined;
    if (known && this.isFull(known)) return undefined;
    const bound = known ?? this.rest;
    return bound.enter() ? bound : undefined;
  }

  /** A request about this key was answered by this clone, and shard if it names one. */
  learn(key: string | undefined, servedBy: string): void {
    const part = servedBy.split('@')[1];
    if (part === undefined || key === undefined || part.includes(',')) return;
    let bound = this.parts.get(part);
    if (!bound) {
      // As many as before are let through at least, however many parts there are.
      bound = this.bound(part, { ...this.settings, min: Math.ceil(this.settings.min / 2) });
      this.parts.set(part, bound);
    }
    this.partOf[slotOf(key)] = bound;
  }

  private bound(part: string | undefined, settings: BoundSettings): InFlightBound {
    return new InFlightBound(settings, (bound, inFlight) => this.onChange?.(part, bound, inFlight));
  }
}

const slotOf = (key: string): number => hash('md5', key, 'buffer').readUInt16BE(0) % SLOTS;
