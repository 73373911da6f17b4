import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '@stoa/service';
import { Contracts } from '../services/contracts.js';
import { FACTS, type FactsPort } from '../messages/messages-port.js';
import { Sessions } from './sessions.js';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * Ends all sessions of customers who are no more, as events say whose contracts declare that (`endsSessions`). By the event and
 * not behind the command's answer: whoever dies in between, and whichever way a customer was erased, the event comes.
 */
@Injectable()
export class EndSessions {
  private readonly shared = new Set<string>();

  constructor(
    private readonly contracts: Contracts,
    private readonly sessions: Sessions,
    @Inject(FACTS) private readonly facts: FactsPort,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Listens to the services that have such events, also to those learned later. */
  start(): void {
    const listen = (): void => {
      for (const service of this.contracts.table.sessionEndingServices) {
        if (this.shared.has(service)) continue;
        this.shared.add(service);
        const wants = (event: string): boolean => this.contracts.table.endsSessions(service, event);
        this.facts.shareEvents(service, wants, (customerId) => this.end(customerId));
      }
    };
    this.contracts.onChange(listen);
    listen();
  }

  private async end(customerId: string): Promise<void> {
    if (UUID.test(customerId)) await this.sessions.endAll(customerId);
    else this.logger.warn({ customerId }, 'an event ends the sessions of a customer whose id is none');
  }
}
