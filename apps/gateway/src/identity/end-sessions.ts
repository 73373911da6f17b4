import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '@stoa/service';
import { Contracts } from '../services/contracts.js';
import { MESSAGES, type MessagesPort, type SharedEvent } from '../messages/messages-port.js';
import { Sessions } from './sessions.js';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * EndSessions ends all sessions of a customer who was erased, as an event reports that its contract marks with
 * `endsSessions`; and those that a customer began before an event with `endsEarlierSessions`. It works by the event and
 * not behind the command's reply: whichever process dies, and in whichever way a customer is erased, the event comes.
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
      for (const service of this.contracts.table.sessionEndingServices) this.followAll(service);
      for (const service of this.contracts.table.earlierSessionEndingServices) this.followEarlier(service);
    };
    this.contracts.onChange(listen);
    listen();
  }

  private followAll(service: string): void {
    if (!this.isNew(service)) return;
    const wants = (event: string): boolean => this.contracts.table.endsSessions(service, event);
    this.messages.shareEvents(service, wants, (event) => this.end(event, ({ key }) => this.sessions.endAll(key)));
  }

  /** In a group of its own: a clone of an older version, which knows no such events, takes none of them. */
  private followEarlier(service: string): void {
    if (!this.isNew(`earlier ${service}`)) return;
    const wants = (event: string): boolean => this.contracts.table.endsEarlierSessions(service, event);
    const end = ({ key, version, by }: SharedEvent): Promise<void> => this.sessions.endEarlier(key, version, by);
    this.messages.shareEvents(service, wants, (event) => this.end(event, end), 'earlier-sessions');
  }

  private isNew(name: string): boolean {
    return !this.shared.has(name) && this.shared.add(name) !== undefined;
  }

  private async end(event: SharedEvent, work: (event: SharedEvent) => Promise<void>): Promise<void> {
    if (UUID.test(event.key) && Number.isSafeInteger(event.version)) await work(event);
    else this.logger.warn({ customerId: event.key }, 'event that ends sessions has no valid customer id or version');
  }
}
