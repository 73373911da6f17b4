import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { KafkaPort } from '@stoa/kafka';
import {
  KAFKA_PORT,
  MESSAGING_OPTIONS,
  tailEvents,
  topicNames,
  watchContracts,
  type ContractListener,
  type MessagingOptions,
} from '@stoa/messaging';
import type { MessagesPort, SharedEvent, TailedEvent } from './messages-port.js';
import { SharedEvents } from './shared-events.js';

/**
 * Reads contracts and events from Kafka: without a consumer group every clone gets all of them, in a group one does.
 */
@Injectable()
export class KafkaMessages implements MessagesPort, OnApplicationShutdown {
  private readonly readers: { close(): Promise<void> }[] = [];

  constructor(
    @Inject(KAFKA_PORT) private readonly port: KafkaPort,
    @Inject(MESSAGING_OPTIONS) private readonly options: MessagingOptions,
  ) {}

  async watchContracts(listener: ContractListener): Promise<void> {
    this.readers.push(await watchContracts(this.port, this.options, listener));
  }

  async tailEvents(services: readonly string[], onEvent: (event: TailedEvent) => void): Promise<void> {
    const serviceOf = new Map(
      services.map((service) => [topicNames(this.options.topicPrefix, service).events, service]),
    );
    const receive = ({ topic, type, data }: { topic: string; type: string; data: unknown }): void =>
      onEvent({ service: serviceOf.get(topic) ?? '', type, data });
    this.readers.push(await tailEvents(this.port, [...serviceOf.keys()], receive, this.options.logger));
  }

  shareEvents(
    service: string,
    wants: (type: string) => boolean,
    onEvent: (event: SharedEvent) => Promise<void>,
    group = '',
  ): void {
    const { topicPrefix, service: gateway, logger } = this.options;
    const reader = new SharedEvents(this.port, {
      // A group for each service: members of one group should all read the same topics.
      groupId: `${topicNames(topicPrefix, gateway).eventsGroup}.${service}${group && `.${group}`}`,
      topic: topicNames(topicPrefix, service).events,
      logger,
      onEvent,
      wants: ({ headers }) => wants(headers['type'] ?? ''),
    });
    this.readers.push(reader);
    reader.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.allSettled(this.readers.map((reader) => reader.close()));
  }
}
