import {
  ensureTopics,
  keyOf,
  newId,
  openKafka,
  StoaClient,
  topicNames,
  type Caller,
  type ErrorBody,
  type IncomingReply,
  type KafkaPort,
  type MessagingOptions,
} from '@stoa/messaging';
import { profile, type Profile } from '@stoa/profile-contract';
import { createLogger } from '@stoa/service';
import { testKeyspaces, type TestKeyspaces } from '@stoa/sharded-service/testing';
import { eventually, startClone, testKafkaBrokers, uniqueName, type Clone } from '@stoa/testing';
import { profileKeyspace } from '../src/storage/keyspace.js';

type OperationName = 'register' | 'createCustomer' | 'checkCredentials' | 'getMe' | 'changeMe' | 'changePassword';

export interface AskOptions {
  /** The command id; a fresh one if not given. */
  readonly id?: string;
  readonly expectedVersion?: number;
  readonly budgetMs?: number;
}

/** An answer with its body parsed; a refusal has a `code`. */
export interface Answer {
  readonly ok: boolean;
  readonly body: Profile & ErrorBody & { readonly role: string };
}

export interface ProfileEvent {
  readonly type: string;
  readonly version: number;
  readonly data: object;
}

export const PASSWORD = 'correct horse battery';
export const customer = (customerId: string): Caller => ({ kind: 'customer', customerId });
export const newGuest = (): Caller => ({ kind: 'guest', customerId: newId() });

/** The profile service for real: its own shards and topics, clones as processes, and this test as the gateway. */
export class ProfileService {
  private readonly clones: Clone[] = [];

  private constructor(
    readonly data: TestKeyspaces,
    private readonly prefix: string,
    private readonly port: KafkaPort,
    private readonly client: StoaClient,
  ) {}

  static async start(): Promise<ProfileService> {
    const prefix = `${uniqueName('profile')}.`;
    const data = await testKeyspaces([profileKeyspace]);
    const logger = createLogger({ service: 'test', clone: 'test', level: 'warn' });
    const brokers = [testKafkaBrokers()];
    const port = await openKafka({ brokers, client: 'platformatic', clientId: 'test', logger });
    const options: MessagingOptions = {
      ...{ brokers, client: 'platformatic', topicPrefix: prefix, service: 'gateway', clone: 'test', logger },
      ...{ replicationFactor: 1, partitions: 3 },
    };
    await ensureTopics(port, options);
    const client = new StoaClient(port, options);
    await client.connect();
    return new ProfileService(data, prefix, port, client);
  }

  /** Starts a clone and waits until it is ready. */
  async startClone(env: Record<string, string> = {}): Promise<Clone> {
    const fixed = { KAFKA_TOPIC_PREFIX: this.prefix, KAFKA_PARTITIONS: '3', DIRECTORY_URL: this.data.directoryUrl };
    const clone = await startClone('profile', { env: { ...fixed, ...env } });
    this.clones.push(clone);
    return clone;
  }

  /** The rows of all shards. */
  rows<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    return this.data.rows<Row>(profileKeyspace.name, text, values);
  }

  async ask(operation: OperationName, input: object, caller: Caller, options: AskOptions = {}): Promise<Answer> {
    const { ok, body } = await this.request(operation, input, caller, options);
    return { ok, body: JSON.parse(body.toString()) as Answer['body'] };
  }

  /** As ask, but the reply as it came, with who served it. */
  request(operation: OperationName, input: object, caller: Caller, options: AskOptions = {}): Promise<IncomingReply> {
    const { id = newId(), expectedVersion, budgetMs = 10_000 } = options;
    const declared = profile[operation];
    return this.client.request({
      ...{ service: 'profile', operation, kind: declared.kind, id, caller, budgetMs, contractVersion: 1 },
      key: declared.kind === 'command' ? keyOf(declared, id, input, caller) : null,
      body: JSON.stringify(input),
      ...(expectedVersion !== undefined && { expectedVersion }),
    });
  }

  /** Registers with `PASSWORD`. */
  register(email: string, options?: AskOptions): Promise<Answer> {
    return this.ask('register', { email, password: PASSWORD, displayName: 'Ada' }, newGuest(), options);
  }

  signIn(email: string, password = PASSWORD): Promise<Answer> {
    return this.ask('checkCredentials', { email, password }, newGuest());
  }

  /** All events of a customer so far, in their order. Waits until there are `count`. */
  async events(customerId: string, count: number): Promise<ProfileEvent[]> {
    const topic = topicNames(this.prefix, 'profile').events;
    const partitions = await this.port.admin.partitionCount(topic);
    const events: ProfileEvent[] = [];
    const follower = await this.port.follow({
      isolation: 'committed',
      partitions: Array.from({ length: partitions }, (_, partition) => ({
        topic,
        partition,
        from: 'beginning' as const,
      })),
      onRecords: (records) => {
        for (const { key, value, headers } of records) {
          if (key?.toString() !== customerId || !value) continue;
          const data = JSON.parse(value.toString()) as object;
          events.push({ type: headers['type'] ?? '', version: Number(headers['version']), data });
        }
      },
    });
    try {
      await eventually(() => {
        if (events.length < count) throw new Error(`${events.length} of ${count} events`);
      });
      return events;
    } finally {
      await follower.close();
    }
  }

  /** What all clones wrote. */
  logs(): string {
    return this.clones.map((clone) => clone.logs()).join('');
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.clones.map((clone) => clone.stop()));
    await this.client.close();
    await this.port.close();
    await this.data.drop();
  }
}
