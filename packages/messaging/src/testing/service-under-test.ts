import { inspect } from 'node:util';
import { declarationsOf, type Command, type Query, type ServiceContract } from '@stoa/contract-kit';
import { eventually, startClone, testKafkaBrokers, uniqueName, type Clone } from '@stoa/testing';
import { ensureTopics } from '../contracts/ensure-topics.js';
import { newId } from '../protocol/ids.js';
import { openKafka } from '@stoa/kafka';
import type { KafkaPort, KafkaRecord, Logger } from '@stoa/kafka';
import type { MessagingOptions } from '../api/options.js';
import { topicOf } from '../outbox/outbox.js';
import { keyOf } from '../protocol/key-of.js';
import { StoaClient } from '../client/stoa-client.js';
import type { Caller, IncomingReply } from '../api/requests.js';

export type OperationName<C> = {
  [Name in keyof C]: C[Name] extends Command | Query ? Name : never;
}[keyof C] &
  string;

export interface AskOptions {
  /** The command id; a fresh one if not given. */
  readonly id?: string;
  readonly expectedVersion?: number;
  readonly budgetMs?: number;
}

const complain = (fields: object, message: string): void =>
  void process.stderr.write(`${message} ${inspect(fields)}\n`);
const logger: Logger = { debug: () => undefined, info: () => undefined, warn: complain, error: complain };

/**
 * A service for real: topics of its own, clones as processes, and the test as gateway. Its data is the business of the
 * service's own kit.
 */
export class ServiceUnderTest<C extends ServiceContract> {
  private readonly clones: Clone[] = [];

  private constructor(
    private readonly contract: C,
    readonly prefix: string,
    readonly port: KafkaPort,
    private readonly client: StoaClient,
  ) {}

  /** @param plays the service whose place the test takes: its topics are there from the start */
  static async open<C extends ServiceContract>(contract: C, plays = 'gateway'): Promise<ServiceUnderTest<C>> {
    const topicPrefix = `${uniqueName(contract.$about.name)}.`;
    const brokers = [testKafkaBrokers()];
    const port = await openKafka({ brokers, client: 'platformatic', clientId: 'test', logger });
    const options: MessagingOptions = {
      brokers,
      client: 'platformatic',
      topicPrefix,
      service: plays,
      clone: 'test',
      logger,
      replicationFactor: 1,
      partitions: 3,
    };
    await ensureTopics(port, options);
    const client = new StoaClient(port, options);
    await client.connect();
    return new ServiceUnderTest(contract, topicPrefix, port, client);
  }

  get name(): string {
    return this.contract.$about.name;
  }

  /** Starts a clone and waits until it is ready. */
  async startClone(env: Record<string, string>): Promise<Clone> {
    const fixed = { KAFKA_TOPIC_PREFIX: this.prefix, KAFKA_PARTITIONS: '3' };
    const clone = await startClone(this.name, { env: { ...fixed, ...env } });
    this.clones.push(clone);
    return clone;
  }

  /** Kills all clones at once. */
  async killClones(): Promise<void> {
    await Promise.all(this.clones.splice(0).map((clone) => clone.kill()));
  }

  async stopClones(): Promise<void> {
    await Promise.all(this.clones.splice(0).map((clone) => clone.stop()));
  }

  /** The logs of all clones. */
  logs(): string {
    return this.clones.map((clone) => clone.logs()).join('');
  }

  /** The reply as it came, with who served it. */
  request(
    operation: OperationName<C>,
    input: object,
    caller: Caller,
    { id = newId(), expectedVersion, budgetMs = 20_000 }: AskOptions = {},
  ): Promise<IncomingReply> {
    const declared = this.contract[operation] as Command | Query;
    return this.client.request({
      service: this.name,
      operation,
      kind: declared.kind,
      id,
      caller,
      budgetMs,
      contractVersion: declared.since ?? 1,
      key: declared.kind === 'command' ? keyOf(declared, id, input, caller) : null,
      body: JSON.stringify(input),
      ...(expectedVersion !== undefined && { expectedVersion }),
    });
  }

  async ask<Body>(
    operation: OperationName<C>,
    input: object,
    caller: Caller,
    options?: AskOptions,
  ): Promise<{ ok: boolean; body: Body }> {
    const { ok, body } = await this.request(operation, input, caller, options);
    return { ok, body: JSON.parse(body.toString()) as Body };
  }

  /**
   * The records that the service published so far and `wanted` takes, per key in its order. Waits for `count` of them.
   */
  async published(
    kinds: readonly ('events' | 'states')[],
    count: number,
    wanted: (record: KafkaRecord) => boolean = () => true,
  ): Promise<KafkaRecord[]> {
    const messages = declarationsOf(this.contract).filter((each) => each.kind === 'event' || each.kind === 'state');
    const wantedTopics = messages.filter(({ kind }) => kinds.includes(`${kind}s`)).map(topicOf);
    const seen: KafkaRecord[] = [];
    const partitions = await Promise.all(
      [...new Set(wantedTopics)].map(async (each) => {
        const topic = this.prefix + each;
        const many = await this.port.admin.partitionCount(topic);
        return Array.from({ length: many }, (_, partition) => ({ topic, partition, from: 'beginning' as const }));
      }),
    );
    const follower = await this.port.follow({
      isolation: 'committed',
      partitions: partitions.flat(),
      onRecords: (records) => void seen.push(...records.filter(wanted)),
    });
    const enough = (): void => {
      if (seen.length < count) throw new Error(`${seen.length} of ${count} records`);
    };
    try {
      await eventually(enough, { timeoutMs: 60_000 });
      return seen;
    } finally {
      await follower.close();
    }
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.clones.map((clone) => clone.stop()));
    await this.client.close();
    const topics = await this.port.admin.listTopics();
    await this.port.admin.deleteTopics(topics.filter((topic) => topic.startsWith(this.prefix)));
    await this.port.close();
  }
}
