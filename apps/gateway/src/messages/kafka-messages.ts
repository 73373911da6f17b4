import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { ContractDocument } from '@stoa/contract-kit';
import {
  KAFKA_PORT,
  MESSAGING_OPTIONS,
  type MessagingOptions,
  tailEvents,
  topicNames,
  watchContracts,
} from '@stoa/messaging';
import { type KafkaPort } from '@stoa/kafka';
import type { FactsPort, TailedEvent } from './messages-port.js';
import { SharedEvents } from './shared-events.js';

/** Contracts and events, read from Kafka: without a group every clone gets all of them, in a group one does. */
@Injectable()
export class KafkaFacts implements FactsPort, OnApplicationShutdown {
  private readonly readers: { close(): Promise<void> }[] = [];

  constructor(
    @Inject(KAFKA_PORT) private readonly port: KafkaPort,
    @Inject(MESSAGING_OPTIONS) private readonly options: MessagingOptions,
  ) {}

  async watchContracts(
    onDocument: (document: ContractDocument) => void,
    onWithdrawn: (service: string) => void,
  ): Promise<void> {
    this.readers.push(await watchContracts(this.port, this.options, onDocument, onWithdrawn));
  }

  async tailEvents(services: readonly string[], onEvent: (event: TailedEvent) => void): Promise<void> {
    const serviceOf = new Map(
      services.map((service) => [topicNames(this.options.topicPrefix, service).events, service]),
    );
    const hand = ({ topic, type, data }: { topic: string; type: string; data: unknown }): void =>
      onEvent({ service: serviceOf.get(topic) ?? '', type, data });
    this.readers.push(await tailEvents(this.port, [...serviceOf.keys()], hand, this.options.logger));
  }

  shareEvents(service: string, wants: (type: string) => boolean, onEvent: (key: string) => Promise<void>): void {
    const { topicPrefix, service: own, logger } = this.options;
    const topic = topicNames(topicPrefix, service).events;
    // A group for each service: members of one group should all read the same topics.
    const groupId = `${topicNames(topicPrefix, own).eventsGroup}.${service}`;
    const reader = new SharedEvents(this.port, {
      ...{ groupId, topic, logger, onEvent },
      wants: ({ headers }) => wants(headers['type'] ?? ''),
    });
    this.readers.push(reader);
    reader.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.allSettled(this.readers.map((reader) => reader.close()));
  }
}
