import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { describeChange, findBreakingChanges, toDocument } from '@stoa/contract-kit';
import { LOGGER, type Logger, metrics } from '@stoa/service';
import { ownContract } from '../builtin/contract.js';
import { FACTS, type FactsPort } from '../messages/messages-port.js';
import { ContractBook, type Refusal } from './contract-book.js';
import { ContractStore } from './contract-store.js';
import { RouteTable } from './route-table.js';

const RETRY_MS = 1_000;

const inForce = metrics.gauge<'service'>({
  name: 'stoa_contract_version',
  help: "Version of each service's contract in force",
  labelNames: ['service'],
});
const refused = metrics.gauge<'service'>({
  name: 'stoa_contract_refused',
  help: '1 while the contract that a service last published is refused',
  labelNames: ['service'],
});

/** Learns the services' contracts and keeps the route table that follows from them. */
@Injectable()
export class Contracts implements OnApplicationShutdown {
  private readonly own = toDocument(ownContract);
  private readonly book = new ContractBook(this.own, (before, after) =>
    findBreakingChanges(before, after).map(describeChange),
  );
  private current = new RouteTable(this.book.documents());
  private readonly listeners: (() => void)[] = [];
  /** Services whose withdrawal was read: what is stored of them may still be on its way. */
  private readonly withdrawn = new Set<string>();
  private stopped = false;

  constructor(
    private readonly store: ContractStore,
    @Inject(FACTS) private readonly facts: FactsPort,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** What is in force now. Ask once per request: the next call may give another. */
  get table(): RouteTable {
    return this.current;
  }

  /** True once any service's contract is known. */
  get known(): boolean {
    return this.book.size > 0;
  }

  refusals(): readonly Refusal[] {
    return this.book.refusals();
  }

  onApplicationShutdown(): void {
    this.stopped = true;
  }

  /** Called after each change, with the new table in place. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Takes the stored contracts, then those on Kafka. Either may be away: both are tried until they are there. */
  start(): void {
    void this.until('the stored contracts cannot be read', async () => {
      for (const { service, document } of await this.store.load()) this.offer(service, document, 'stored');
    });
    void this.until('the contracts topic cannot be read', () =>
      this.facts.watchContracts(
        (document) => this.offer(document.service, document, 'published'),
        (service) => this.withdraw(service),
      ),
    );
  }

  /** Decides about a contract, and puts the table that follows from it in the old one's place in one step. */
  offer(service: string, value: unknown, origin: 'stored' | 'published'): void {
    if (origin === 'published') this.withdrawn.delete(service);
    else if (this.withdrawn.has(service)) return;
    const decision = this.book.offer(service, value);
    refused.set({ service }, decision.outcome === 'refused' ? 1 : 0);
    switch (decision.outcome) {
      case 'accepted': {
        const { version } = decision.document;
        inForce.set({ service }, version);
        this.swap();
        this.logger.info({ contract: service, version, origin }, 'a contract is in force');
        if (origin === 'published')
          void this.until('a contract cannot be stored', () => this.store.save(decision.document));
        return;
      }
      case 'refused': {
        const { version, reasons } = decision.refusal;
        this.logger.error(
          { contract: service, version, reasons },
          'a contract was refused; the one before stays in force',
        );
        return;
      }
      case 'older':
        this.logger.debug({ contract: service, inForce: decision.inForce }, 'an older contract was ignored');
        return;
      case 'known':
        return;
    }
  }

  /** Drops the routes of a service that is no more, here and in what is stored. */
  withdraw(service: string): void {
    this.withdrawn.add(service);
    void this.until('a withdrawn contract cannot be removed', async () => {
      // It may have been published anew since the database was away.
      if (this.withdrawn.has(service)) await this.store.remove(service);
    });
    if (!this.book.withdraw(service)) return;
    inForce.remove({ service });
    refused.remove({ service });
    this.swap();
    this.logger.warn({ contract: service }, 'a contract was withdrawn: its routes are gone');
  }

  private swap(): void {
    this.current = new RouteTable(this.book.documents());
    for (const listener of this.listeners) listener();
  }

  private async until(complaint: string, work: () => Promise<void>): Promise<void> {
    while (!this.stopped) {
      try {
        return await work();
      } catch (error) {
        this.logger.warn({ err: error }, complaint);
        await delay(RETRY_MS, undefined, { ref: false });
      }
    }
  }
}
