import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '@stoa/service';
import { Contracts } from '../services/contracts.js';
import { MESSAGES, type MessagesPort } from '../messages/messages-port.js';
import { Sessions } from './sessions.js';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * EndSessions ends all sessions of a customer who was erased, as an event reports that its contract marks with
 * `endsSessions`. It works by the event and not behind the command's reply: whichever process dies, and in whichever
 * way a customer is erased, the event comes.
 */
@Injectable()
export class EndSessions {
  private readonly shared = new Set<string>();

  constructor(
    private readonly contracts: Contracts,
    private readonly sessions: Sessions,
    @Inject(MESSAGES) private readonly messages: MessagesPort,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Reads such events of all services, also of those learned later. */
  start(): void {
    const listen = (): void => {
      for (const service of this.contracts.table.sessionEndingServices) {
        if (this.shared.has(service)) continue;
        this.shared.add(service);
        const wants = (event: string): boolean => this.contracts.table.endsSessions(service, event);
        this.messages.shareEvents(service, wants, (customerId) => this.end(customerId));
      }
    };
    this.contracts.onChange(listen);
    listen();
  }

  private async end(customerId: string): Promise<void> {
    if (UUID.test(customerId)) await this.sessions.endAll(customerId);
    else this.logger.warn({ customerId }, 'event that ends sessions has no valid customer id');
  }
}
