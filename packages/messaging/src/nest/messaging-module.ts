import { Module, type DynamicModule, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import type { ServiceContract } from '@stoa/contract-kit';
import type { Database, Sql } from '@stoa/postgres';
import type { BoundSubscription } from '../api/subscriptions.js';
import type { Background } from '../background/background.js';
import { ensureFollowed } from '../contracts/ensure-topics.js';
import { openKafka } from '@stoa/kafka';
import type { KafkaPort } from '@stoa/kafka';
import { MESSAGING_OPTIONS, type MessagingOptions } from '../api/options.js';
import { createBackground } from '../background/background-work.js';
import { bindOperations, type Binding } from '../server/binding.js';
import { ServiceCalls } from '../calls/service-calls.js';
import { StoaClient } from '../client/stoa-client.js';
import { StoaServer } from '../server/stoa-server.js';
import { DATABASE } from '../api/database.js';
import { type Class, type Handlers } from '../api/handlers.js';
import { type Subscription } from '../api/subscriptions.js';
import { makerOf, SERVED, type Maker, type Served } from './served.js';

/** Injection token of the process's KafkaPort. */
export const KAFKA_PORT = Symbol('stoa.kafka-port');

/** Closes the port when the application ends: what uses it was closed before. */
class PortCloser implements OnApplicationShutdown {
  constructor(private readonly port: KafkaPort) {}

  async onApplicationShutdown(): Promise<void> {
    await this.port.close();
  }
}

const openPort = (options: MessagingOptions): Promise<KafkaPort> => {
  const { brokers, client, clone, logger, access, sessionTimeoutMs } = options;
  const optional = { ...(access && { access }), ...(sessionTimeoutMs && { sessionTimeoutMs }) };
  return openKafka({ brokers, client, clientId: clone, logger, ...optional });
};

const PORT: Provider[] = [
  { provide: KAFKA_PORT, useFactory: openPort, inject: [MESSAGING_OPTIONS] },
  { provide: PortCloser, useFactory: (port: KafkaPort) => new PortCloser(port), inject: [KAFKA_PORT] },
];

export interface ServeOptions {
  /** See onEvent and onState. */
  readonly subscriptions?: readonly Subscription[];
  /** The contracts of the services that flows of this one call. */
  readonly calls?: readonly ServiceContract[];
}

/** Binds a service to Kafka. Needs MESSAGING_OPTIONS and DATABASE, both global (the service kit provides them). */
@Module({})
export class MessagingModule {
  /**
   * Serves a contract: a class per operation, made with the providers of the module that imports this. Whoever runs the
   * application takes StoaServer from it and lets it listen.
   */
  static serve<C extends ServiceContract, Tx extends Sql = Sql>(
    contract: C,
    handlers: Handlers<C, Tx>,
    { subscriptions = [], calls = [] }: ServeOptions = {},
  ): DynamicModule {
    checkFollowed(contract, subscriptions);
    const served: Served = { contract, handlers: handlers as Record<string, Class<object>>, subscriptions, calls };
    return {
      module: MessagingModule,
      providers: [
        ...PORT,
        { provide: SERVED, useValue: served },
        {
          provide: StoaServer,
          useFactory: serverOf,
          inject: [KAFKA_PORT, MESSAGING_OPTIONS, SERVED, ModuleRef, ModulesContainer],
        },
      ],
      exports: [StoaServer, KAFKA_PORT],
    };
  }

  /**
   * For processes that only ask: a StoaClient (whoever runs the application connects and closes it) and the KafkaPort.
   */
  static client(): DynamicModule {
    const client: Provider = {
      provide: StoaClient,
      useFactory: (port: KafkaPort, options: MessagingOptions) => new StoaClient(port, options),
      inject: [KAFKA_PORT, MESSAGING_OPTIONS],
    };
    return { module: MessagingModule, providers: [...PORT, client], exports: [StoaClient, KAFKA_PORT] };
  }
}

/** A subscription to a service that the contract does not name would wait for a right that nobody gives. */
function checkFollowed({ $about: { name, follows } }: ServiceContract, subscriptions: readonly Subscription[]): void {
  const strange = subscriptions.find(
    ({ message }) => follows && message.service !== name && !follows.includes(message.service),
  );
  if (!strange) return;
  const { service, name: message } = strange.message;
  throw new Error(`${name} subscribes to ${service}.${message}, but its contract's 'follows' does not name ${service}`);
}

/**
 * For NestFactory.createMicroservice: the strategy that serves what MessagingModule.serve was given.
 * `NestFactory.createMicroservice<AsyncMicroserviceOptions>(CartModule, stoaTransport)`
 */
export const stoaTransport = {
  inject: [StoaServer],
  useFactory: (server: StoaServer): { strategy: StoaServer } => ({ strategy: server }),
};

function serverOf(
  port: KafkaPort,
  messaging: MessagingOptions,
  served: Served,
  own: ModuleRef,
  modules: ModulesContainer,
): StoaServer {
  const bind = async (): Promise<{ binding: Binding; background: Background }> => {
    const messages = served.subscriptions.map(({ message }) => message);
    await ensureFollowed(port, messaging, messages);
    const database = own.get<Database>(DATABASE, { strict: false });
    const make = makerOf(modules, own);
    const background = createBackground({
      port,
      options: messaging,
      database,
      contract: served.contract,
      subscriptions: await Promise.all(
        served.subscriptions.map(async (subscription) => ({
          subscription,
          handler: await make<BoundSubscription['handler']>(subscription.handler),
        })),
      ),
    });
    const operations = bindOperations(served.contract, await handlersOf(served, make));
    const isTransient = (error: unknown): boolean => database.isTransient(error);
    const calls = served.calls.length > 0 && new ServiceCalls(port, messaging, served.calls);
    const { executor, flows } = background;
    return {
      binding: { contract: served.contract, operations, executor, isTransient, flows, ...(calls && { calls }) },
      background,
    };
  };
  return new StoaServer({ port, messaging, bind });
}

async function handlersOf({ handlers }: Served, make: Maker): Promise<Map<string, object>> {
  const made = Object.entries(handlers).map(async ([name, type]): Promise<[string, object]> => [
    name,
    await make(type),
  ]);
  return new Map(await Promise.all(made));
}
