import { randomBytes } from 'node:crypto';
import { OperationError, type Command } from '@stoa/contract-kit';
import { GENEROUS_BUDGET_MS, testKafkaBrokers } from '@stoa/testing';
import type { Background } from '../../src/background/background.js';
import type { BoundCommand, CommandExecutor, CommandReply, CommandRequest } from '../../src/api/command-execution.js';
import { newId } from '../../src/protocol/ids.js';
import { openKafka } from '@stoa/kafka';
import type { KafkaClientName, KafkaPort, Logger } from '@stoa/kafka';
import type { MessagingOptions } from '../../src/api/options.js';
import type { CommandContext, Handler } from '../../src/api/handlers.js';
import type { OutgoingRequest } from '../../src/api/requests.js';
import { bindOperations } from '../../src/server/binding.js';
import { echo } from './echo.suite.js';
import type { BoundSettings } from '../../src/client/concurrency-limiter.js';
import { businessErrorReply } from '../../src/protocol/business-errors.js';
import { StoaClient } from '../../src/client/stoa-client.js';
import { StoaServer } from '../../src/server/stoa-server.js';

export type Say = Handler<typeof echo.say>['handle'];
export type Add = (
  input: { name: string; n: number },
  request: CommandRequest,
  clone: string,
) => Promise<number> | number;

export interface ServerOptions {
  readonly clone?: string;
  readonly say?: Say;
  readonly add?: Add;
  readonly addTwice?: object;
  readonly isTransient?: (error: unknown) => boolean;
  readonly messaging?: Partial<MessagingOptions>;
  /** Runs beside the requests. */
  readonly background?: Background;
  /** Serves on a connection of its own. */
  readonly port?: KafkaPort;
}

/** Lines logged at warn and error, for tests to look at. */
export interface LogLine {
  readonly level: 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

/** Runs commands without a database: what the transport does is not what the inbox does. */
class DirectExecutor implements CommandExecutor {
  async execute({ handler }: BoundCommand, request: CommandRequest): Promise<CommandReply> {
    try {
      const context = { request, caller: request.caller } as unknown as CommandContext<Command>;
      return { ok: true, body: JSON.stringify(await handler.handle(request.input, context)) };
    } catch (error) {
      if (error instanceof OperationError) return businessErrorReply(error);
      throw error;
    }
  }
}

// Longer than a busy machine may hold up a heartbeat: what is only slow must not be handled a second time.
const SESSION_TIMEOUT_MS = 6_000;

/** Servers and clients under a topic prefix of their own; `end` closes them and deletes the topics. */
export class Kit {
  readonly prefix = `kit-${randomBytes(4).toString('hex')}.`;
  readonly logged: LogLine[] = [];
  private readonly closers: (() => Promise<void>)[] = [];
  private readonly ports: KafkaPort[] = [];

  /** @param brokers other than the shared ones */
  constructor(
    private readonly otherBrokers?: string,
    private readonly clientName: KafkaClientName = 'platformatic',
  ) {}

  get logger(): Logger {
    const line = (level: LogLine['level']) => (fields: object, message: string) =>
      void this.logged.push({ level, fields, message });
    return { debug: () => undefined, info: () => undefined, warn: line('warn'), error: line('error') };
  }

  options(of: string, clone: string, rest: Partial<MessagingOptions> = {}): MessagingOptions {
    return {
      brokers: this.brokers,
      client: this.clientName,
      topicPrefix: this.prefix,
      service: of,
      clone,
      replicationFactor: 1,
      partitions: 4,
      logger: this.logger,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      ...rest,
    };
  }

  private get brokers(): string[] {
    return (this.otherBrokers ?? testKafkaBrokers()).split(',');
  }

  async port(): Promise<KafkaPort> {
    const port = await openKafka({
      brokers: this.brokers,
      client: this.clientName,
      clientId: 'kit',
      logger: this.logger,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
    });
    this.ports.push(port);
    return port;
  }

  async server(options: ServerOptions = {}): Promise<StoaServer> {
    const {
      clone = 'echo-1',
      say = async (input) => input,
      add = ({ n }) => n,
      addTwice = {},
      isTransient = () => false,
    } = options;
    const handlers = new Map<string, object>([
      ['say', { handle: say }],
      ['addTwice', 'run' in addTwice ? addTwice : { run: () => Promise.reject(new Error('not given')) }],
      [
        'add',
        {
          handle: async (input: { name: string; n: number }, context: { request: CommandRequest }) => ({
            name: input.name,
            n: await add(input, context.request, clone),
            by: clone,
          }),
        },
      ],
    ]);
    const binding = {
      contract: echo,
      operations: bindOperations(echo, handlers),
      executor: new DirectExecutor(),
      isTransient,
    };
    const server = new StoaServer({
      port: options.port ?? (await this.port()),
      messaging: this.options('echo', clone, options.messaging),
      bind: async () => ({ binding, ...(options.background && { background: options.background }) }),
    });
    await new Promise<void>((resolve, reject) => {
      void server.listen((error) => (error ? reject(error as Error) : resolve()));
    });
    this.closers.push(() => server.close());
    return server;
  }

  async client(
    options: { messaging?: Partial<MessagingOptions>; bound?: BoundSettings; port?: KafkaPort } = {},
  ): Promise<StoaClient> {
    const port = options.port ?? (await this.port());
    const client = new StoaClient(port, this.options('gateway', 'gateway-1', options.messaging), options.bound);
    await client.connect();
    this.closers.push(() => client.close());
    return client;
  }

  async end(): Promise<void> {
    await Promise.all(this.closers.map((close) => close()));
    const port = await this.port();
    const own = (await port.admin.listTopics()).filter((topic) => topic.startsWith(this.prefix));
    await port.admin.deleteTopics(own);
    await Promise.all(this.ports.map((opened) => opened.close()));
  }
}

export const sayRequest = (text: string, rest: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  service: 'echo',
  operation: 'say',
  kind: 'query',
  key: null,
  body: JSON.stringify({ text }),
  id: newId(),
  caller: { kind: 'guest', customerId: newId() },
  budgetMs: GENEROUS_BUDGET_MS,
  contractVersion: 1,
  ...rest,
});

export const addRequest = (name: string, n: number, rest: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  ...sayRequest(''),
  operation: 'add',
  kind: 'command',
  key: name,
  body: JSON.stringify({ name, n }),
  ...rest,
});

export const bodyOf = (reply: { readonly body: Buffer }): unknown => JSON.parse(reply.body.toString());
