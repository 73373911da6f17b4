import type { KafkaRecord } from '@stoa/kafka';
import type { Database } from '@stoa/postgres';
import { ServerGate } from './server-gate.js';

/** What all servers together may have in memory; each has its equal share. */
const MESSAGES = 2_000;
const BYTES = 16 * 1024 * 1024;

/** The gates of a service's database servers, and what each has in memory. */
export class ServerGates {
  private readonly gates = new Map<string, ServerGate>();
  /** Of events in memory: where an event is counted, wherever its bucket has gone since. */
  private readonly counted = new WeakMap<KafkaRecord, ServerGate>();

  constructor(
    private readonly database: Pick<Database, 'serverNameOf' | 'servers'>,
    private readonly retryMs: number,
  ) {}

  /** Of a bucket whose server is not known: its own, where there are several servers. */
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
   * True when a server has more in memory than this part of its share. One that is alone has no share: the intake's
   * bounds hold.
   */
  isFull({ messages, bytes }: ServerGate, part = 1): boolean {
    const servers = this.database.servers().length;
    if (servers <= 1) return false;
    return messages >= (MESSAGES * part) / servers || bytes >= (BYTES * part) / servers;
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

  /** To be called when events are not wanted any more: those that wait for a server find out. */
  recheck(): void {
    for (const gate of this.gates.values()) gate.recheck();
  }
}
