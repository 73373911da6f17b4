import { oneRow } from '@stoa/postgres';
import { compareShard, disagreements } from '../incarnation/compare.js';
import { letServe, notReconciled } from '../incarnation/confirm.js';
import { readReport } from '../incarnation/report.js';
import type { MapClient } from '../map/map-client.js';
import type { ShardServer } from '../shard-server.js';

/** A server that disagrees is not asked again before: an operator's reconciliation takes longer. */
const REFUSED_MS = 1_000;

/**
 * Compares servers that were started anew with the map, and lets them serve: a server refuses everything until somebody did so. Which
 * of a service's clones does it first makes no difference.
 */
export class Confirmations {
  private readonly asking = new Map<ShardServer, Promise<string | undefined>>();
  private readonly refused = new WeakMap<ShardServer, { readonly reason: string; readonly until: number }>();

  constructor(
    private readonly map: MapClient,
    private readonly onNotReconciled: (reason: string) => void,
  ) {}

  /**
   * @param shard whose server it is, by the map.
   * @returns why the server serves nothing until an operator reconciles it; undefined when it serves.
   * @throws when it, or both the directory and another shard, can't be reached: then nothing is known.
   */
  confirm(shard: string, server: ShardServer): Promise<string | undefined> {
    const refused = this.refused.get(server);
    if (refused && performance.now() < refused.until) return Promise.resolve(refused.reason);
    const asked = this.asking.get(server) ?? this.ask(shard, server).finally(() => this.asking.delete(server));
    this.asking.set(server, asked);
    return asked;
  }

  private async ask(shard: string, server: ShardServer): Promise<string | undefined> {
    const { confirmed } = await server.transaction((tx) =>
      oneRow<{ confirmed: boolean | null }>(tx, 'SELECT sharding.was_compared() AS confirmed'),
    );
    if (confirmed === true) return undefined;
    // A map from before the server's start may be as old as the data that it was given, and so may one that is being read.
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
    this.refused.set(server, { reason, until: performance.now() + REFUSED_MS });
    this.onNotReconciled(reason);
    return reason;
  }
}
