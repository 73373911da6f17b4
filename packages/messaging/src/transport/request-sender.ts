import { setTimeout as delay } from 'node:timers/promises';
import { OperationError } from '@stoa/contract-kit';
import { KafkaError, RecordTooLargeError, type KafkaPort, type OutgoingRecord } from '../kafka/port.js';
import type { BrokerWatch } from './broker-watch.js';
import { Coalescer } from './coalescer.js';

/** A request on its way to its topic. */
export interface Sendable {
  /** The record, with what is left of its budget; null when nobody waits for it any more. */
  record(): OutgoingRecord | null;
  failed(error: OperationError): void;
}

// Other brokers take some hundred milliseconds to notice that one is gone and to take over what it led.
const TAKE_OVER_MS = 50;

/** Sends requests to one topic, gathered per turn of the event loop. What may pass is tried again while someone waits. */
export class RequestSender {
  readonly #coalescer: Coalescer<Sendable>;

  constructor(
    private readonly port: KafkaPort,
    private readonly topic: string,
    private readonly watch: Pick<BrokerWatch, 'isAnyReachable'>,
  ) {
    this.#coalescer = new Coalescer((items) => this.#send(items));
  }

  push(item: Sendable): void {
    this.#coalescer.push(item);
  }

  async #send(items: Sendable[]): Promise<void> {
    let waiting = items;
    for (;;) {
      const sendable = waiting.map((item) => ({ item, record: item.record() })).filter((one) => one.record !== null);
      if (sendable.length === 0) return;
      try {
        await this.port.produce(
          sendable.map((one) => one.record as OutgoingRecord),
          'leader',
        );
        return;
      } catch (error) {
        const unsent = error instanceof RecordTooLargeError ? new Set(error.records) : undefined;
        waiting = sendable.filter((one) => unsent?.has(one.record as OutgoingRecord) ?? true).map((one) => one.item);
        if (await this.#mayPass(error)) continue;
        const refusal = this.#refusal(error);
        for (const item of waiting) item.failed(refusal);
        return;
      }
    }
  }

  async #mayPass(error: unknown): Promise<boolean> {
    const code = error instanceof KafkaError ? error.code : 'OTHER';
    if (code === 'RETRIABLE') return true; // the port waited before it gave up
    if (code !== 'UNREACHABLE' || !(await this.watch.isAnyReachable())) return false;
    await delay(TAKE_OVER_MS);
    return true;
  }

  #refusal(error: unknown): OperationError {
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
