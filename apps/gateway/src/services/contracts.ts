import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { describeChange, findBreakingChanges, type ContractDocument } from '@stoa/contract-kit';
import type { SealingKey } from '@stoa/messaging';
import { LOGGER, type Logger, metrics } from '@stoa/service';
import { pause } from '@stoa/timing';
import { MESSAGES, type MessagesPort } from '../messages/messages-port.js';
import { untilSuccess } from '../background/until-success.js';
import { ContractBook, type RefusedContract } from './contract-book.js';
import { ContractStore } from './contract-store.js';
import { RouteTable } from './route-table.js';

/** Injection token of the builtin operations' ContractDocument. */
export const BUILTIN_DOCUMENT = Symbol('stoa.gateway.builtin-document');

const inForce = metrics.gauge<'service'>({
  name: 'stoa_contract_version',
  help: "Version of each service's contract in force",
  labelNames: ['service'],
});
const refused = metrics.gauge<'service'>({
  name: 'stoa_contract_refused',
  help: '1 while what a service last published of its contract is not followed',
  labelNames: ['service'],
});

/** How long a clone that starts waits for the stored contracts before it takes those on Kafka without them. */
const STORED_FIRST_MS = 3_000;

/** Contracts learns the services' contracts and keeps the route table that follows from them. */
@Injectable()
export class Contracts implements OnApplicationShutdown {
  private readonly book: ContractBook;
  private current: RouteTable;
  private readonly listeners: (() => void)[] = [];
  /** Services whose withdrawal was read: their stored contract may still be on its way. */
  private readonly withdrawn = new Set<string>();
  private readonly sealTo = new Map<string, SealingKey | undefined>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly store: ContractStore,
    @Inject(BUILTIN_DOCUMENT) builtin: ContractDocument,
    @Inject(MESSAGES) private readonly messages: MessagesPort,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.book = new ContractBook(builtin, (before, after) => findBreakingChanges(before, after).map(describeChange));
    this.current = new RouteTable(this.book.documents());
  }

  /** The contracts in force now. Read it once per request: the next read may return another. */
  get table(): RouteTable {
    return this.current;
  }

  /** The key that secrets of requests to a service are sealed to; undefined where none was published, or read yet. */
  sealingKey(service: string): SealingKey | undefined {
    return this.sealTo.get(service);
  }

  /** True once any service's contract is known. */
  get known(): boolean {
    return this.book.size > 0;
  }

  /** The refused documents that services published last. */
  refusedContracts(): readonly RefusedContract[] {
    return this.book.refusedContracts();
  }

  onApplicationShutdown(): void {
    this.stopping.abort();
  }

  /** Called after each change, with the new table in place. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /**
   * Takes the stored contracts, then those on Kafka, so that these are compared with what was in force before this
   * clone started. Each may be unavailable, and is tried until it succeeds: where the stored ones can't be read at
   * once, Kafka's are taken as they are.
   */
  start(): void {
    let tried = (): void => undefined;
    const isTried = new Promise<void>((resolve) => (tried = resolve));
    void this.until('stored contracts cannot be read', async () => {
      try {
        for (const { service, document } of await this.store.load()) this.offer(service, document, 'stored');
      } finally {
        tried();
      }
    });
    void this.until('contracts topics cannot be read', async () => {
      await Promise.race([isTried, pause(STORED_FIRST_MS, this.stopping.signal, false)]);
      await this.messages.watchContracts({
        published: (document, sealTo) => {
          this.sealTo.set(document.service, sealTo);
          this.offer(document.service, document, 'published');
        },
        withdrawn: (service) => this.withdraw(service),
        unreadable: (service, why) => this.keep(service, why),
      });
    });
  }

  /** Decides about a contract, and replaces the route table in one step. */
  offer(service: string, value: unknown, origin: 'stored' | 'published'): void {
    if (origin === 'published') this.withdrawn.delete(service);
    else if (this.withdrawn.has(service)) return;
    const decision = this.book.offer(service, value);
    refused.set({ service }, decision.outcome === 'refused' ? 1 : 0);
    switch (decision.outcome) {
      case 'accepted':
        return this.accept(decision.document, origin);
      case 'refused': {
        const { version, reasons } = decision.refused;
        this.logger.error(
          { contract: service, version, reasons },
          'contract was refused; the one before stays in force',
        );
        return;
      }
      case 'older':
        this.logger.debug({ contract: service, inForce: decision.inForce }, 'older contract was ignored');
        return;
      case 'known':
        return;
    }
  }

  /**
   * Goes on with the contract in force of a service whose record is gone or can't be read: only its owner withdraws
   * routes.
   */
  private keep(service: string, why: string): void {
    const { reasons } = this.book.keep(service, why);
    refused.set({ service }, 1);
    this.logger.error({ contract: service, reasons }, 'contract cannot be followed; the one before stays in force');
  }

  /** Drops the routes of a service whose contract was withdrawn, here and in the database. */
  private withdraw(service: string): void {
    this.withdrawn.add(service);
    void this.until('withdrawn contract cannot be removed', async () => {
      // It may have been published anew since the database was unavailable.
      if (this.withdrawn.has(service)) await this.store.remove(service);
    });
    if (!this.book.withdraw(service)) return;
    inForce.remove({ service });
    refused.remove({ service });
    this.swap();
    this.logger.warn({ contract: service }, 'contract was withdrawn: its routes are gone');
  }

  private accept(document: ContractDocument, origin: 'stored' | 'published'): void {
    const { service, version } = document;
    inForce.set({ service }, version);
    this.swap();
    this.logger.info({ contract: service, version, origin }, 'contract is in force');
    if (origin === 'published') void this.until('contract cannot be stored', () => this.store.save(document));
  }

  private swap(): void {
    this.current = new RouteTable(this.book.documents());
    for (const listener of this.listeners) listener();
  }

  private until(complaint: string, work: () => Promise<void>): Promise<void> {
    return untilSuccess({ work, complaint, signal: this.stopping.signal, logger: this.logger });
  }
}
