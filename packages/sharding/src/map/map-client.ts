import { setTimeout as delay } from 'node:timers/promises';
import { withTimeout, Session } from '@stoa/postgres';
import { loadMap, rebuildMap } from './load-map.js';
import type { ShardMap } from './shard-map.js';

export interface MapClientOptions {
  readonly keyspace: string;
  readonly directoryUrl: string;
  /** Shards to ask when the directory can't be reached at start, by name. Later those of the last map are asked. */
  readonly knownShards?: ReadonlyMap<string, string>;
  /** How often the map's version is compared, in case a notification was lost with its connection. */
  readonly pollMs?: number;
  /** Told when the directory can't be reached, and of the first success after it. */
  readonly onDirectory?: (reachable: boolean, error?: unknown) => void;
}

type Listener = (map: ShardMap) => void;

const RECONNECT_MS = 1_000;
/** Milliseconds for an answer of the directory while somebody waits for it, who then asks the shards; and while nobody does. */
const ASK_MS = 1_000;
const FOLLOW_MS = 5_000;

/**
 * Keeps a map of a keyspace in memory. The directory's notifications refresh it within milliseconds; while the directory
 * can't be reached the last map stays in force, and `refresh` asks the shards instead.
 */
export class MapClient {
  private map: ShardMap | undefined;
  private refreshing: Promise<ShardMap> | undefined;
  private readonly listeners = new Set<Listener>();
  private readonly stopping = new AbortController();
  private watching: Promise<void> | undefined;
  private reachable = true;

  private constructor(private readonly options: MapClientOptions) {}

  /** @throws when neither the directory nor all known shards can be reached. */
  static async open(options: MapClientOptions): Promise<MapClient> {
    const client = new MapClient(options);
    await client.refresh();
    client.watching = client.watch();
    return client;
  }

  get current(): ShardMap {
    if (!this.map) throw new Error('The shard map was not read yet');
    return this.map;
  }

  /** Reads the map again; callers that come while it is being read share one answer. @returns the newest map. */
  refresh(): Promise<ShardMap> {
    this.refreshing ??= this.read().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  /** Calls the listener with each newer map. @returns what stops it. */
  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Resolves at the next change or notification, and after `ms` at the latest. */
  async changeWithin(ms: number): Promise<void> {
    const settled = new AbortController();
    const stop = this.onChange(() => settled.abort());
    await delay(ms, undefined, { signal: settled.signal }).catch(() => undefined);
    stop();
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.watching;
  }

  private async read(): Promise<ShardMap> {
    const { knownShards } = this.options;
    const shards = this.map?.shards ?? knownShards ?? new Map<string, string>();
    // Callers must not wait for a directory that is known to be away: `watch` tells when it is back.
    if (!this.reachable && shards.size > 0) return this.adopt(await this.rebuild(shards));
    try {
      return this.adopt(await withTimeout(this.map && ASK_MS, this.readDirectory()));
    } catch (error) {
      this.report(false, error);
      if (shards.size === 0) throw error;
      return this.adopt(await this.rebuild(shards));
    }
  }

  private async readDirectory(): Promise<ShardMap> {
    const session = await this.openDirectory();
    try {
      return await loadMap(session, this.options.keyspace);
    } finally {
      await session.close();
    }
  }

  /** What shards must know of at least stays true: it only grows. */
  private async rebuild(shards: ReadonlyMap<string, string>): Promise<ShardMap> {
    const map = await rebuildMap(this.options.keyspace, shards, this.map);
    const { incarnations } = this.map ?? {};
    return { ...map, ...(incarnations && { incarnations }) };
  }

  private adopt(map: ShardMap): ShardMap {
    // A slow answer must not replace a newer one. A map from the shards has no version; it replaces any.
    if (this.map && map.version > 0 && map.version < this.map.version) return this.map;
    this.map = map;
    for (const listener of this.listeners) listener(map);
    return map;
  }

  private async watch(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await this.follow();
      } catch (error) {
        this.report(false, error);
      }
      await this.pause(RECONNECT_MS);
    }
  }

  /** Listens until the connection breaks or this client is closed. */
  private async follow(): Promise<void> {
    const { keyspace, pollMs = 10_000 } = this.options;
    const session = await this.openDirectory();
    let woken = new AbortController();
    session.onNotification((changed) => {
      if (changed === keyspace) woken.abort();
    });
    session.onLost(() => woken.abort());
    try {
      await withTimeout(FOLLOW_MS, session.query('LISTEN sharding'));
      while (!this.stopping.signal.aborted) {
        const wake = woken.signal;
        this.adopt(await withTimeout(FOLLOW_MS, loadMap(session, keyspace)));
        this.report(true);
        await delay(pollMs, undefined, { signal: AbortSignal.any([wake, this.stopping.signal]) }).catch(
          () => undefined,
        );
        if (wake.aborted) woken = new AbortController();
      }
    } finally {
      await session.close();
    }
  }

  private openDirectory(): Promise<Session> {
    const { directoryUrl: url, keyspace } = this.options;
    return Session.open({ url, server: 'the directory', application: `sharding-map ${keyspace}` });
  }

  private report(reachable: boolean, error?: unknown): void {
    if (reachable === this.reachable) return;
    this.reachable = reachable;
    this.options.onDirectory?.(reachable, error);
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
