import { declarationsOf, type Event, type ServiceContract, type State } from '@stoa/contract-kit';
import type { KafkaPort, TopicSpec } from '@stoa/kafka';
import { untilLed } from '@stoa/kafka';
import type { MessagingOptions } from '../api/options.js';
import { clockTopic, contractsTopic, topicNames } from '../protocol/topics.js';

const HOUR_MS = 3_600_000;

/**
 * Kafka deletes whole segments, when their last record is old enough; a segment is open for 7 days, or a gigabyte, if
 * nothing is said. So a record is kept for the retention and a segment's time at most.
 */
const DELETE_AFTER = (ms: number, segmentMs: number): Record<string, string> => ({
  'cleanup.policy': 'delete',
  'retention.ms': String(ms),
  'segment.ms': String(segmentMs),
  'segment.bytes': String(128 * 1024 * 1024),
  'message.timestamp.type': 'LogAppendTime',
});

const COMPACTED: Record<string, string> = {
  'cleanup.policy': 'compact',
  'message.timestamp.type': 'LogAppendTime',
  // A consumer that was down for a week still learns which keys are gone.
  'delete.retention.ms': String(7 * 24 * HOUR_MS),
  'max.compaction.lag.ms': String(24 * HOUR_MS),
};

type Where = Pick<MessagingOptions, 'topicPrefix' | 'service' | 'partitions' | 'replicationFactor'> &
  Partial<Pick<MessagingOptions, 'logger'>>;

const spec = (
  { replicationFactor }: Where,
  topic: string,
  partitions: number,
  config: Record<string, string>,
): TopicSpec => ({ topic, partitions, replicationFactor, config });

const safety = ({ replicationFactor }: Pick<Where, 'replicationFactor'>): Record<string, string> =>
  replicationFactor >= 3 ? { 'min.insync.replicas': '2' } : {};

const eventsSpec = (where: Where): TopicSpec =>
  spec(where, topicNames(where.topicPrefix, where.service).events, where.partitions, {
    // Together less than the versions of events are kept (192 h): what comes later would be handled again.
    ...DELETE_AFTER(7 * 24 * HOUR_MS, 12 * HOUR_MS),
    ...safety(where),
  });

const statesSpec = (where: Where, topic: string | undefined): TopicSpec =>
  spec(where, topicNames(where.topicPrefix, where.service).statesOf(topic), where.partitions, {
    ...COMPACTED,
    ...safety(where),
  });

/** The topic that services share: see contractsTopic. */
export const contractsSpec = ({
  topicPrefix,
  replicationFactor,
}: Pick<Where, 'topicPrefix' | 'replicationFactor'>) => ({
  topic: contractsTopic(topicPrefix),
  partitions: 1,
  replicationFactor,
  config: { ...COMPACTED, ...safety({ replicationFactor }) },
});

/** The topics that a service owns, and those that all share. */
function topicSpecs(where: Where): TopicSpec[] {
  const { topicPrefix, partitions } = where;
  const names = topicNames(topicPrefix, where.service);
  const safe = safety(where);
  return [
    eventsSpec(where),
    // Shorter than an Idempotency-Key is good for (24 h), which is shorter than inbox rows are kept (48 h).
    spec(where, names.commands, partitions, DELETE_AFTER(HOUR_MS, HOUR_MS / 6)),
    spec(where, names.queries, partitions, DELETE_AFTER(HOUR_MS, HOUR_MS / 6)),
    spec(where, names.deadLetters, 1, { ...DELETE_AFTER(30 * 24 * HOUR_MS, 24 * HOUR_MS), ...safe }),
    spec(where, names.contract, 1, { ...COMPACTED, ...safe }),
    contractsSpec(where),
    spec(where, clockTopic(topicPrefix), 1, DELETE_AFTER(HOUR_MS / 6, HOUR_MS / 6)),
  ];
}

/** @returns those that were there already; another service may have made one this very moment */
async function create(port: KafkaPort, specs: readonly TopicSpec[]): Promise<TopicSpec[]> {
  const existing = new Set(await port.admin.listTopics());
  const missing = specs.filter(({ topic }) => !existing.has(topic));
  if (missing.length > 0) await port.admin.createTopics(missing);
  const others = specs.filter(({ topic }) => existing.has(topic));
  await untilLed(
    port.admin,
    others.map(({ topic }) => topic),
  );
  return others;
}

/**
 * Makes the topics of this service that are missing; of states those that it has, since each Kafka partition
 * costs the broker memory and time at its start. Those that exist get the settings named here, and keep their Kafka
 * partitions and all else.
 * @throws KafkaError
 */
export async function ensureTopics(port: KafkaPort, where: Where, contract?: ServiceContract): Promise<void> {
  const states = contract
    ? declarationsOf(contract).flatMap((each) => (each.kind === 'state' ? [each.topic] : []))
    : [];
  const wanted = [...topicSpecs(where), ...states.map((topic) => statesSpec(where, topic))];
  const existing = await create(port, contract ? wanted : [...wanted, statesSpec(where, undefined)]);
  const own = topicNames(where.topicPrefix, where.service).group;
  const isOwn = ({ topic }: TopicSpec): boolean => topic.startsWith(`${own}.`);
  // An older version of this service may have made them with other settings.
  await port.admin.configureTopics(existing.filter(isOwn)).catch((err: unknown) => {
    where.logger?.warn({ err }, 'the settings of topics could not be compared; the next clone that starts tries again');
  });
  await port.admin.configureTopics(existing.filter((each) => !isOwn(each))).catch((err: unknown) => {
    where.logger?.debug({ err }, 'the settings of topics that all share may be changed by operators only');
  });
}

/**
 * Makes the topics of events and states that this service follows: their services may never have run here. Those that
 * exist stay as their owners want them. @throws KafkaError
 */
export async function ensureFollowed(
  port: KafkaPort,
  where: Where,
  messages: readonly (Event | State)[],
): Promise<void> {
  const specs = messages.map((message) => {
    const of = { ...where, service: message.service };
    return message.kind === 'event' ? eventsSpec(of) : statesSpec(of, message.topic);
  });
  await create(port, [...new Map(specs.map((each) => [each.topic, each])).values()]);
}
