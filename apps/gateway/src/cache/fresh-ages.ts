import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, LOGGER, type Logger } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import { Contracts } from '../services/contracts.js';
import type { Operation } from '../services/operation.js';

/**
 * FreshAges decides how long responses may be cached: as long as the contract says, but never longer than
 * CACHE_MAX_AGE_MS, which is the shop's promise. It warns of contracts that say more.
 */
@Injectable()
export class FreshAges {
  /** Operation → the maxAgeMs that was warned of. */
  private readonly warned = new Map<string, number>();

  constructor(
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'CACHE_MAX_AGE_MS'>,
    private readonly contracts: Contracts,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Warns of the contracts in force, and of those learned later: once for each operation and maxAgeMs. */
  start(): void {
    const check = (): void => this.contracts.table.cachedOperations.forEach((operation) => this.check(operation));
    this.contracts.onChange(check);
    check();
  }

  /** Milliseconds that a response of the operation may be cached. */
  maxAgeOf({ document }: Operation): number {
    return Math.min(document.cache?.maxAgeMs ?? 0, this.config.CACHE_MAX_AGE_MS);
  }

  private check(operation: Operation): void {
    const maxAgeMs = operation.document.cache?.maxAgeMs ?? 0;
    const allowedMs = this.maxAgeOf(operation);
    if (maxAgeMs <= allowedMs || this.warned.get(operation.id) === maxAgeMs) return;
    this.warned.set(operation.id, maxAgeMs);
    this.logger.warn(
      { operation: operation.id, maxAgeMs, allowedMs },
      'maxAgeMs of a contract exceeds CACHE_MAX_AGE_MS',
    );
  }
}
