import { oneRow } from '@stoa/postgres';
import { compareShard, disagreements } from '../incarnation/compare.js';
import { letServe, notReconciled } from '../incarnation/confirm.js';
import { readReport } from '../incarnation/report.js';
import type { MapClient } from '../map/map-client.js';
import type { ShardServer } from '../shard-server.js';

/** Milliseconds for which a difference is remembered: an operator's reconciliation takes longer. */
const REMEMBERED_MS = 1_000;

/**
 * Confirmations exists to let restarted servers serve without an operator: a server refuses all requests until a client
 * has compared it with the map. It works by comparing a server when it refuses; any clone of a service may be the
 * first.
 */
export class Confirmations {
  private readonly comparing = new Map<ShardServer, Promise<string | undefined>>();
  private readonly refused = new WeakMap<ShardServer, { readonly reason: string; readonly until: number }>();

  constructor(
    private readonly map: MapClient,
    private readonly onNotReconciled: (reason: string) => void,
  ) {}

  /**
   * @param shard the server's shard by the map.
   * @returns the reason why the server needs an operator's reconciliation; undefined when it serves.
   * @throws when it, or both the directory and another shard, are unavailable: the result is unknown then.
   */
  confirm(shard: string, server: ShardServer): Promise<string | undefined> {
    const refused = this.refused.get(server);
    if (refused && performance.now() < refused.until) return Promise.resolve(refused.reason);
    const comparing =
      this.comparing.get(server) ?? this.compare(shard, server).finally(() => this.comparing.delete(server));
    this.comparing.set(server, comparing);
    return comparing;
  }

  private async compare(shard: string, server: ShardServer): Promise<string | undefined> {
    const { confirmed } = await server.transaction((tx) =>
      oneRow<{ confirmed: boolean | null }>(tx, 'SELECT sharding.was_compared() AS confirmed'),
    );
    if (confirmed === true) return undefined;
    // A map from before the server's start may be as old as its data, and so may the one that is being read.
    await this.map.refresh();
    const map = await this.map.refresh();
    const reasons = await server.transaction(async (tx) => {
      const report = await readReport(tx, map.keyspace, shard);
      const comparison = compareShard(map, shard, report);
      const found = disagreements(comparison);
      if (found.length === 0) await letServe(tx, report, comparison.letGo);
      return found;
    });
    if (reasons.length === 0) return undefined;
    const reason = notReconciled(map.keyspace, shard, reasons);
    this.refused.set(server, { reason, until: performance.now() + REMEMBERED_MS });
    this.onNotReconciled(reason);
    return reason;
  }
}
