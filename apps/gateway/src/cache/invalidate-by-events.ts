import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, LOGGER, type Logger } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import { Contracts } from '../services/contracts.js';
import { fillIn } from '../services/operation.js';
import { MESSAGES, type MessagesPort, type TailedEvent } from '../messages/messages-port.js';
import { MemoryCache } from './memory-cache.js';

/**
 * InvalidateByEvents makes cached responses stale when an event reports that their data changed. Nothing depends on it:
 * a response that no event reaches ends by its age.
 */
@Injectable()
export class InvalidateByEvents {
  private readonly tailed = new Set<string>();

  constructor(
    private readonly contracts: Contracts,
    private readonly memory: MemoryCache,
    @Inject(MESSAGES) private readonly messages: MessagesPort,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'CACHE_EVENTS'>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Follows the events of the services whose contracts have any that `invalidates`, also of those learned later. */
  start(): void {
    const follow = (): void => {
      this.memory.clear();
      if (this.config.CACHE_EVENTS) this.tail();
    };
    this.contracts.onChange(follow);
    follow();
  }

  private tail(): void {
    const services = [...this.contracts.table.invalidatingServices].filter((service) => !this.tailed.has(service));
    if (services.length === 0) return;
    for (const service of services) this.tailed.add(service);
    this.messages
      .tailEvents(services, (event) => this.onEvent(event))
      .catch((error: unknown) => {
        for (const service of services) this.tailed.delete(service);
        this.logger.warn({ err: error, services }, 'events cannot be followed: cached responses end by their age');
      });
  }

  private onEvent({ service, type, data }: TailedEvent): void {
    const now = performance.now();
    if (typeof data !== 'object' || data === null) return;
    for (const template of this.contracts.table.invalidatedBy(service, type)) {
      const tag = fillIn(template, data as Record<string, unknown>);
      if (tag !== undefined) this.memory.invalidate(tag, now);
    }
  }
}
