import { Inject, Injectable } from '@nestjs/common';
import { sealFields, type SealingKey } from '@stoa/messaging';
import { CONFIG } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import { problem } from '../http/problem.js';
import { Contracts } from '../services/contracts.js';
import type { Fields, Operation } from '../services/operation.js';

/** SealSecrets makes the secrets of an input unreadable for all but the service that they are for. */
@Injectable()
export class SealSecrets {
  constructor(
    private readonly contracts: Contracts,
    @Inject(CONFIG) private readonly config: Pick<
      GatewayConfig,
      'UNSEALED_SECRETS' | 'KAFKA_USERNAME' | 'KAFKA_TLS_CERT'
    >,
  ) {}

  /** The key that a service published; undefined where none was, or was read yet. */
  keyOf(service: string): SealingKey | undefined {
    return this.contracts.sealingKey(service);
  }

  /**
   * The body of a request with its secrets sealed.
   * @throws HttpProblem 503 where the service has published no key, and secrets may not travel as they are
   */
  async bodyOf(operation: Operation, input: Fields): Promise<string> {
    const key = this.keyOf(operation.service);
    if (key) return JSON.stringify(await sealFields(input, operation.secretFields, { operation: operation.id, key }));
    if (this.mayBeOpen) return JSON.stringify(input);
    throw problem('UNAVAILABLE', `The key of ${operation.service} that secrets are sealed to is not known; try again`);
  }

  private get mayBeOpen(): boolean {
    const { UNSEALED_SECRETS: setting, KAFKA_USERNAME, KAFKA_TLS_CERT } = this.config;
    return setting === undefined ? KAFKA_USERNAME === undefined && KAFKA_TLS_CERT === undefined : setting === 'allowed';
  }
}
