import { setTimeout as delay } from 'node:timers/promises';
import { OperationError } from '@stoa/contract-kit';
import { KafkaError, type KafkaPort, type OutgoingRecord } from '@stoa/kafka';
import type { BrokerWatch } from './broker-watch.js';
import { Coalescer } from '../replies/coalescer.js';

/** A request on its way to its topic. */
export interface Sendable {
  /** The parts that decide where it goes. */
  readonly to?: Pick<OutgoingRecord, 'key' | 'partition'>;
  /** The record, with what is left of its budget; null when nobody waits for it any more. */
  record(): OutgoingRecord | null;
  failed(error: OperationError): void;
}

// Other brokers take some hundred milliseconds to notice that one is gone and to take over what it led.
const TAKE_OVER_MS = 50;

const ANY_BROKER = -1;

/**
 * Sends requests to one topic, gathered per turn of the event loop and, where the port can tell, per broker: those for
 * one that does not answer hold up no others. What may pass is tried again while someone waits.
 */
export class RequestSender {
  private readonly byBroker = new Map<number, Coalescer<Sendable>>();

  constructor(
    private readonly port: KafkaPort,
    private readonly topic: string,
    private readonly watch: Pick<BrokerWatch, 'isAnyReachable'>,
  ) {}

  push(item: Sendable): void {
    const broker = (item.to && this.port.leaderOf?.({ topic: this.topic, ...item.to })) ?? ANY_BROKER;
    let coalescer = this.byBroker.get(broker);
    if (!coalescer) this.byBroker.set(broker, (coalescer = new Coalescer((items) => this.send(items))));
    coalescer.push(item);
  }

  private async send(items: Sendable[]): Promise<void> {
    let waiting = items;
    for (;;) {
      const sendable = waiting.flatMap((item) => recordOf(item) ?? []);
      if (sendable.length === 0) return;
      try {
        await this.port.produce(
          sendable.map(({ record }) => record),
          'leader',
        );
        return;
      } catch (error) {
        const unwritten = error instanceof KafkaError && error.unwritten && new Set(error.unwritten);
        waiting = sendable.filter(({ record }) => !unwritten || unwritten.has(record)).map(({ item }) => item);
        if (await this.mayPass(error)) continue;
        const operationError = this.errorOf(error);
        for (const item of waiting) item.failed(operationError);
        return;
      }
    }
  }

  private async mayPass(error: unknown): Promise<boolean> {
    const code = error instanceof KafkaError ? error.code : 'OTHER';
    if (code === 'RETRIABLE') return true; // the port waited before it gave up
    if (code !== 'UNREACHABLE' || !(await this.watch.isAnyReachable())) return false;
    await delay(TAKE_OVER_MS);
    return true;
  }

  private errorOf(error: unknown): OperationError {
    const code = error instanceof KafkaError ? error.code : 'OTHER';
    if (code === 'RECORD_TOO_LARGE')
      return new OperationError('PAYLOAD_TOO_LARGE', 'The request is too large for a message');
    if (code === 'UNKNOWN_TOPIC')
      return new OperationError('UNAVAILABLE', `The topic ${this.topic} does not exist: its service was never started`);
    if (code === 'UNREACHABLE') return new OperationError('UNAVAILABLE', 'The message broker cannot be reached');
    return new OperationError(
      'UNAVAILABLE',
      `The request could not be sent: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function recordOf(item: Sendable): { readonly item: Sendable; readonly record: OutgoingRecord } | undefined {
  const record = item.record();
  return record ? { item, record } : undefined;
}
