import type { Database, DatabaseServer } from '@stoa/postgres';
import { isRecordsFault } from '../bulkheads/record-faults.js';
import type { EventDelivery } from '../events/event-delivery.js';
import { dropFlow, isFlowsTopic, replayFlows } from '../flows/given-up-flows.js';
import { takeVersion } from '../events/event-versions.js';
import {
  findParked,
  listParked,
  lockOneParked,
  noteFailure,
  topicsParked,
  unpark,
  type EventKey,
  type ParkedAt,
  type ParkedEvent,
} from '../parked-events/parked-events.js';

/** A page of parked events. */
export interface ParkedPage {
  /** By bucket, and within a bucket in the order of parking. Without headers and bodies, see `find`. */
  readonly items: readonly ParkedEvent[];
  /** The next page's `after`; null at the end. */
  readonly next: ParkedAt | null;
}

/** The outcome of a replay. */
export interface Replay {
  /** How many of the key's parked events were handled, and are not parked any more. */
  readonly replayed: number;
  /** The event that failed again; it and those behind it stay parked. */
  readonly failed: (ParkedAt & { readonly reason: string }) | undefined;
}

const START: ParkedAt = { bucket: -1, id: '0' };

const byPlace = (a: ParkedAt, b: ParkedAt): number => a.bucket - b.bucket || Number(BigInt(a.id) - BigInt(b.id));

/**
 * An operator's view of events that could not be handled, and of flows that came to no end: list, replay or drop them.
 */
export class DeadLetters {
  constructor(
    private readonly database: Database,
    private readonly delivery: EventDelivery,
  ) {}

  /** Lists parked events of all the service's databases. */
  async list(limit: number, after: ParkedAt = START): Promise<ParkedPage> {
    const placeOf = this.placesNow();
    const perServer = this.database.servers().map((server) => listServed(server, placeOf, limit, after));
    const items = (await Promise.all(perServer)).flat().toSorted(byPlace).slice(0, limit);
    const last = items.at(-1);
    return { items, next: last && items.length === limit ? { bucket: last.bucket, id: last.id } : null };
  }

  /** The server that holds a bucket, by the first lookup: one list takes a bucket from one server. */
  private placesNow(): (bucket: number) => string | undefined {
    const known = new Map<number, string | undefined>();
    return (bucket) => {
      if (!known.has(bucket)) known.set(bucket, this.database.serverNameOf?.(bucket));
      return known.get(bucket);
    };
  }

  /** One parked event; undefined when it is not parked (any more). */
  find(at: ParkedAt): Promise<ParkedEvent | undefined> {
    return this.database.transaction(at.bucket, (tx) => findParked(tx, at));
  }

  /** The topics, without the deployment's prefix, of which events of the key are parked. */
  topicsOf(key: string): Promise<string[]> {
    const bucket = this.database.bucketOf(key);
    return this.database.transaction(bucket, (tx) => topicsParked(tx, bucket, key));
  }

  /**
   * Handles the parked events of a key in their order, each in a transaction of its own, until none is left or one
   * fails. New events of the key are parked behind them meanwhile, and handled too.
   * @param topic without the deployment's prefix
   * @throws an error of the database or Kafka, but not of an event
   */
  async replay(topic: string, key: string): Promise<Replay> {
    const at: EventKey = { bucket: this.database.bucketOf(key), topic, key };
    if (isFlowsTopic(topic)) return this.replayFlows(at);
    for (let replayed = 0; ; replayed++) {
      let first: ParkedEvent | undefined;
      try {
        const found = await this.delivery.deliverFirstParked(at, (event) => (first = event));
        if (!found) return { replayed, failed: undefined };
      } catch (error) {
        if (!first || !isRecordsFault(error, (each) => this.database.isTransient(each))) throw error;
        const { bucket, id } = first;
        const reason = error instanceof Error ? error.message : String(error);
        await this.database.transaction(bucket, (tx) => noteFailure(tx, { bucket, id }, reason));
        return { replayed, failed: { bucket, id, reason } };
      }
    }
  }

  private async replayFlows(at: EventKey): Promise<Replay> {
    const { replayed, failed } = await this.database.transaction(at.bucket, (tx) => replayFlows(tx, at));
    return { replayed, failed: failed && { bucket: at.bucket, ...failed } };
  }

  /**
   * Gives an event up: its version counts as handled. Those parked behind it go on waiting for a replay.
   * @returns false when it is not parked (any more)
   */
  drop(at: ParkedAt): Promise<boolean> {
    return this.database.transaction(at.bucket, async (tx) => {
      const parked = await lockOneParked(tx, at);
      if (!parked) return false;
      if (isFlowsTopic(parked.topic)) await dropFlow(tx, parked);
      if (parked.version !== null) await takeVersion(tx, parked, parked.type, parked.version);
      await unpark(tx, parked);
      return true;
    });
  }
}

/**
 * Lists a server's events. A bucket that moves, or moved lately, has rows on two servers: the other one's are left out.
 */
async function listServed(
  server: DatabaseServer,
  placeOf: (bucket: number) => string | undefined,
  limit: number,
  after: ParkedAt,
): Promise<ParkedEvent[]> {
  const served: ParkedEvent[] = [];
  for (let from = after; served.length < limit;) {
    const start = from;
    const rows = await server.transaction((tx) => listParked(tx, start, limit));
    served.push(...rows.filter(({ bucket }) => (placeOf(bucket) ?? server.name) === server.name));
    const last = rows.at(-1);
    if (!last || rows.length < limit) break;
    from = last;
  }
  return served;
}
