import type { KafkaPort } from '../kafka/port.js';

const PROBE_EVERY_MS = 250;

/**
 * Remembers that the broker could not be reached, so that requests are refused at once instead of each waiting for the
 * same failure, and asks until it answers again.
 */
export class BrokerWatch {
  #isDown = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly port: KafkaPort) {}

  get isDown(): boolean {
    return this.#isDown;
  }

  wentDown(): void {
    if (this.#isDown) return;
    this.#isDown = true;
    this.#probeLater();
  }

  #probeLater(): void {
    this.#timer = setTimeout(() => {
      void this.port.admin.ping().then(
        () => {
          this.#isDown = false;
        },
        () => this.#timer && this.#probeLater(),
      );
    }, PROBE_EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
