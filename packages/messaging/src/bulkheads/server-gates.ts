import type { KafkaRecord } from '@stoa/kafka';
import type { Database } from '@stoa/postgres';
import { ServerGate } from './server-gate.js';

/** Limits of all servers together in memory, of which each has an equal share. */
const MESSAGES = 2_000;
const BYTES = 16 * 1024 * 1024;

/** The gates of a service's database servers, and how much each has in memory. */
export class ServerGates {
  private readonly gates = new Map<string, ServerGate>();
  /** By event in memory: the gate that counts it, wherever its bucket has moved since. */
  private readonly counted = new WeakMap<KafkaRecord, ServerGate>();

  constructor(
    private readonly database: Pick<Database, 'serverNameOf' | 'servers'>,
    private readonly retryMs: number,
  ) {}

  /**
   * The gate of a bucket's server. A bucket whose server is unknown has a gate of its own where there are several
   * servers.
   */
  of(bucket: number): ServerGate {
    const { database } = this;
    const server = database.serverNameOf?.(bucket) ?? (database.servers().length > 1 ? `bucket ${bucket}` : '');
    let gate = this.gates.get(server);
    if (!gate) {
      gate = new ServerGate(server, this.retryMs);
      this.gates.set(server, gate);
    }
    return gate;
  }

  /**
   * True when a server has more in memory than this fraction of its share. A server that is alone has no share: the
   * intake's limits hold.
   */
  isFull({ messages, bytes }: ServerGate, fraction = 1): boolean {
    const servers = this.database.servers().length;
    if (servers <= 1) return false;
    return messages >= (MESSAGES * fraction) / servers || bytes >= (BYTES * fraction) / servers;
  }

  count(gate: ServerGate, record: KafkaRecord): void {
    this.counted.set(record, gate);
    gate.messages += 1;
    gate.bytes += record.value?.length ?? 0;
  }

  discount(record: KafkaRecord): void {
    const gate = this.counted.get(record);
    if (!gate) return;
    gate.messages -= 1;
    gate.bytes -= record.value?.length ?? 0;
  }

  /** Ends the wait of events that are not wanted any more; to be called when some are. */
  recheck(): void {
    for (const gate of this.gates.values()) gate.recheck();
  }
}
