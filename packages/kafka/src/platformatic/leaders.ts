import { ProtocolError, ResponseError, type Base, type Connection, type ConnectionPool } from '@stoa/kafka/client';
import { KafkaError, type TopicPartition } from '../port/port.js';
import { kafkaError } from './errors.js';

/** Names a Kafka partition in maps. */
export const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;

/** A topic as the cluster knows it. */
export type Topic = NonNullable<
  Awaited<ReturnType<Base['metadata']>>['topics'] extends Map<string, infer T> ? T : never
>;

/** Things gathered by the broker that leads their Kafka partition, and why the others can't be. */
export interface Gathered<T> {
  readonly led: Map<number, T[]>;
  readonly failed: Map<T, KafkaError>;
}

/** Where Kafka partitions are led. One topic's or partition's fault is that one's only. */
export class Leaders {
  private brokers: Awaited<ReturnType<Base['metadata']>>['brokers'] = new Map();

  constructor(private readonly client: Base) {}

  /** @param refresh asks the cluster, whatever is known @throws KafkaError */
  async topic(name: string, refresh: boolean): Promise<Topic> {
    try {
      const { topics, brokers } = await this.client.metadata({ topics: [name], forceUpdate: refresh, retries: 0 });
      this.brokers = brokers;
      const topic = topics.get(name);
      if (topic && topic.partitionsCount > 0) return topic;
    } catch (error) {
      throw kafkaError(error);
    }
    throw new KafkaError('UNKNOWN_TOPIC', `there is no topic ${name}`);
  }

  /** A topic as it was when it was last asked for. */
  known(name: string): Topic | undefined {
    return this.client.currentMetadata?.topics.get(name);
  }

  /** Kafka partitions by name: each with its topic, or the reason why that is not known. */
  async topics(names: Iterable<string>, refresh: boolean): Promise<Map<string, Topic | KafkaError>> {
    const asked = [...new Set(names)].map(
      async (name) => [name, await this.topic(name, refresh).catch(kafkaError)] as const,
    );
    return new Map(await Promise.all(asked));
  }

  async gather<T extends TopicPartition>(things: readonly T[], refresh: boolean): Promise<Gathered<T>> {
    const topics = await this.topics(
      things.map(({ topic }) => topic),
      refresh,
    );
    const gathered: Gathered<T> = { led: new Map(), failed: new Map() };
    for (const thing of things) {
      const topic = topics.get(thing.topic);
      const leader = topic instanceof KafkaError ? topic : leaderOf(topic, thing);
      if (leader instanceof KafkaError) {
        gathered.failed.set(thing, leader);
        continue;
      }
      const ofLeader = gathered.led.get(leader);
      if (ofLeader) ofLeader.push(thing);
      else gathered.led.set(leader, [thing]);
    }
    return gathered;
  }

  /** The connection to a broker that metadata named, of the client or of a pool. @throws what the library throws */
  async connection(node: number, pool: ConnectionPool = this.client.connections): Promise<Connection> {
    const broker = this.brokers.get(node);
    if (!broker) throw new KafkaError('RETRIABLE', `broker ${node} is not there`);
    return pool.get(broker);
  }
}

/** A Kafka partition that nobody leads: all its replicas are unavailable. */
export class Leaderless extends KafkaError {
  constructor(partition: TopicPartition) {
    super('RETRIABLE', `Kafka partition ${nameOf(partition)} has no leader`);
  }
}

export function leaderOf(topic: Topic | undefined, partition: TopicPartition): number | KafkaError {
  const known = topic?.partitions[partition.partition];
  if (!known) return new KafkaError('UNKNOWN_TOPIC', `there is no Kafka partition ${nameOf(partition)}`);
  return known.leader < 0 ? new Leaderless(partition) : known.leader;
}

/** A response of which parts may be errors: the library throws it. @throws any other error */
export async function responseOf<Response>(asked: Promise<Response>): Promise<Response> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ResponseError && 'response' in error) return error.response as Response;
    throw error;
  }
}

/** A part's error by its code; undefined for none. */
export const errorOf = (code: number): KafkaError | undefined =>
  code === 0 ? undefined : kafkaError(new ProtocolError(code));
