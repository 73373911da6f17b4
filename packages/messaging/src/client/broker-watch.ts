import type { KafkaPort } from '@stoa/kafka';

const PROBE_EVERY_MS = 250;

/**
 * Remembers that no broker could be reached, so that requests are refused at once instead of each waiting for the
 * same failure, and asks until one answers again.
 */
export class BrokerWatch {
  private isBrokerDown = false;
  private timer: NodeJS.Timeout | undefined;
  private asking: Promise<boolean> | undefined;

  constructor(private readonly port: KafkaPort) {}

  get isDown(): boolean {
    return this.isBrokerDown;
  }

  /** One broker could not be reached: is any? Of several, another will take over what that one led. */
  async isAnyReachable(): Promise<boolean> {
    if (this.isBrokerDown) return false;
    this.asking ??= this.port.admin.ping().then(
      () => true,
      () => false,
    );
    const isUp = await this.asking;
    this.asking = undefined;
    if (!isUp) this.wentDown();
    return isUp;
  }

  private wentDown(): void {
    if (this.isBrokerDown) return;
    this.isBrokerDown = true;
    this.probeLater();
  }

  private probeLater(): void {
    this.timer = setTimeout(() => {
      void this.port.admin.ping().then(
        () => {
          this.isBrokerDown = false;
        },
        () => this.timer && this.probeLater(),
      );
    }, PROBE_EVERY_MS);
    this.timer.unref();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
