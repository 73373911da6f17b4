import type { Database } from '../types.js';
import type { EventDelivery } from './event-delivery.js';
import { takeVersion } from './event-versions.js';
import { findParked, listParked, noteFailure, unpark, type EventKey, type ParkedEvent } from './parked-events.js';

/** A parked event and the database that it is parked in: its id is unique there. */
export interface DeadLetter extends ParkedEvent {
  readonly server: string;
}

export interface DeadLetterPage {
  /** Of each database, in the order in which they were parked. */
  readonly items: readonly DeadLetter[];
  /** Give it as `after` for the next page; null at the end. */
  readonly next: Readonly<Record<string, string>> | null;
}

export interface Replay {
  /** How many of the key's parked events were handled and taken off. */
  readonly replayed: number;
  /** The one that failed again; it and those behind it stay parked. */
  readonly failed: { readonly id: string; readonly reason: string } | undefined;
}

/** What an operator does about events that could not be handled. */
export class DeadLetters {
  constructor(
    private readonly database: Database,
    private readonly delivery: EventDelivery,
  ) {}

  /** Parked events of all databases, `limit` of each at most. */
  async list(limit: number, after: Readonly<Record<string, string>> = {}): Promise<DeadLetterPage> {
    const pages = await Promise.all(
      this.database.servers().map(async (server) => {
        const events = await server.transaction((tx) => listParked(tx, after[server.name] ?? '0', limit));
        return events.map((event) => ({ ...event, server: server.name }));
      }),
    );
    const next: Record<string, string> = { ...after };
    for (const { server, id } of pages.flat()) next[server] = id;
    return { items: pages.flat(), next: pages.some((page) => page.length === limit) ? next : null };
  }

  /**
   * Handles the parked events of a key in their order, each in a transaction of its own, until none is left or one fails.
   * New events of the key are parked behind them meanwhile, and handled too.
   * @throws what is wrong with the database, but not with an event
   */
  async replay(topic: string, key: string): Promise<Replay> {
    const at: EventKey = { bucket: this.database.bucketOf(key), topic, key };
    for (let replayed = 0; ; replayed++) {
      let first: ParkedEvent | undefined;
      try {
        const found = await this.delivery.deliverFirstParked(at, (event) => (first = event));
        if (!found) return { replayed, failed: undefined };
      } catch (error) {
        if (!first || this.database.isTransient(error)) throw error;
        const { id } = first;
        const reason = error instanceof Error ? error.message : String(error);
        await this.database.transaction(at.bucket, (tx) => noteFailure(tx, id, reason));
        return { replayed, failed: { id, reason } };
      }
    }
  }

  /**
   * Gives an event up: its version counts as handled. Those parked behind it go on waiting for a replay.
   * @returns false when it is not parked (any more)
   */
  async drop(server: string, id: string): Promise<boolean> {
    const owner = this.database.servers().find(({ name }) => name === server);
    if (!owner) throw new Error(`No database is called ${server}`);
    return owner.transaction(async (tx) => {
      const parked = await findParked(tx, id);
      if (!parked) return false;
      if (parked.version !== null) await takeVersion(tx, parked, parked.type, parked.version);
      await unpark(tx, id);
      return true;
    });
  }
}
