import { setTimeout as delay } from 'node:timers/promises';
import { Session } from '@stoa/postgres';
import { pause, withServerTimeout } from '@stoa/timing';
import { loadMap, rebuildMap } from './load-map.js';
import type { ShardMap } from './shard-map.js';

/** Options of MapClient.open. */
export interface MapClientOptions {
  readonly keyspace: string;
  readonly directoryUrl: string;
  /** URLs by shard, for a start while the directory is unavailable. Later the last map's shards are used. */
  readonly knownShards?: ReadonlyMap<string, string>;
  /**
   * Milliseconds between two reads of the map, in case a notification was lost with its connection; 10,000 by default.
   */
  readonly pollMs?: number;
  /** Called when the directory becomes unavailable, and when it is available again. */
  readonly onDirectory?: (reachable: boolean, error?: unknown) => void;
}

type Listener = (map: ShardMap) => void;

const RECONNECT_MS = 1_000;
/** Milliseconds for the directory's reply while a caller waits, who then reads the shards instead. */
const ASK_MS = 1_000;
/** Milliseconds for its reply while nobody waits. */
const FOLLOW_MS = 5_000;

/**
 * MapClient exists to keep a keyspace's shard map in memory; it works by listening to the directory's notifications,
 * which refresh the map within milliseconds. While the directory is unavailable the last map stays valid, and `refresh`
 * reads the shards instead.
 */
export class MapClient {
  private map: ShardMap | undefined;
  private refreshing: Promise<ShardMap> | undefined;
  private readonly listeners = new Set<Listener>();
  private readonly stopping = new AbortController();
  private watching: Promise<void> | undefined;
  private reachable = true;

  private constructor(private readonly options: MapClientOptions) {}

  /** Opens a client with a map read. @throws SessionLost when neither the directory nor all known shards respond. */
  static async open(options: MapClientOptions): Promise<MapClient> {
    const client = new MapClient(options);
    await client.refresh();
    client.watching = client.watch();
    return client;
  }

  /** The newest map. */
  get current(): ShardMap {
    if (!this.map) throw new Error('The shard map was not read yet');
    return this.map;
  }

  /** Reads the map again; concurrent callers share one read. @returns the newest map. */
  refresh(): Promise<ShardMap> {
    this.refreshing ??= this.read().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  /** Calls the listener with each newer map. @returns a function that removes the listener. */
  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Resolves at the next change or notification, and after `ms` at the latest. */
  async changeWithin(ms: number): Promise<void> {
    const settled = new AbortController();
    const stop = this.onChange(() => settled.abort());
    await pause(ms, settled.signal);
    stop();
  }

  /** Stops following the directory; the last map stays readable. */
  async close(): Promise<void> {
    this.stopping.abort();
    await this.watching;
  }

  private async read(): Promise<ShardMap> {
    const { knownShards } = this.options;
    const shards = this.map?.shards ?? knownShards ?? new Map<string, string>();
    // Callers must not wait for a directory that is known to be unavailable: `watch` notices when it is back.
    if (!this.reachable && shards.size > 0) return this.adopt(await this.rebuild(shards));
    try {
      return this.adopt(await withServerTimeout(this.map && ASK_MS, this.readDirectory()));
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

  /** Keeps the known incarnations: the number of switches that a shard must know only grows. */
  private async rebuild(shards: ReadonlyMap<string, string>): Promise<ShardMap> {
    const map = await rebuildMap(this.options.keyspace, shards, this.map);
    const { incarnations } = this.map ?? {};
    return { ...map, ...(incarnations && { incarnations }) };
  }

  private adopt(map: ShardMap): ShardMap {
    // A slow reply must not replace a newer map. A map built from the shards has no version and replaces any.
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
    let changed = new AbortController();
    session.onNotification((payload) => {
      if (payload === keyspace) changed.abort();
    });
    session.onLost(() => changed.abort());
    try {
      await withServerTimeout(FOLLOW_MS, session.query('LISTEN sharding'));
      while (!this.stopping.signal.aborted) {
        const { signal } = changed;
        this.adopt(await withServerTimeout(FOLLOW_MS, loadMap(session, keyspace)));
        this.report(true);
        await delay(pollMs, undefined, { signal: AbortSignal.any([signal, this.stopping.signal]) }).catch(
          () => undefined,
        );
        if (signal.aborted) changed = new AbortController();
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
    await pause(ms, this.stopping.signal);
  }
}
