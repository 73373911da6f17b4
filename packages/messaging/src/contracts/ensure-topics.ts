import type { KafkaPort, TopicSpec } from '../kafka/port.js';
import type { MessagingOptions } from '../options.js';
import { clockTopic, contractsTopic, topicNames } from '../topics.js';

const HOUR_MS = 3_600_000;

const DELETE_AFTER = (ms: number): Record<string, string> => ({
  'cleanup.policy': 'delete',
  'retention.ms': String(ms),
  'message.timestamp.type': 'LogAppendTime',
});

const COMPACTED: Record<string, string> = {
  'cleanup.policy': 'compact',
  'message.timestamp.type': 'LogAppendTime',
  // A consumer that stood still for a week still learns of what is gone.
  'delete.retention.ms': String(7 * 24 * HOUR_MS),
  'max.compaction.lag.ms': String(24 * HOUR_MS),
};

type Where = Pick<MessagingOptions, 'topicPrefix' | 'service' | 'partitions' | 'replicationFactor'>;

/** The topics that a service owns, and those that all share. */
function topicSpecs({ topicPrefix, service, partitions, replicationFactor }: Where): TopicSpec[] {
  const names = topicNames(topicPrefix, service);
  const safe: Record<string, string> = replicationFactor >= 3 ? { 'min.insync.replicas': '2' } : {};
  const spec = (topic: string, count: number, config: Record<string, string>): TopicSpec => ({
    topic,
    partitions: count,
    replicationFactor,
    config,
  });
  return [
    // Shorter than an Idempotency-Key is good for (24 h), which is shorter than inbox rows are kept (48 h).
    spec(names.commands, partitions, DELETE_AFTER(HOUR_MS)),
    spec(names.queries, partitions, DELETE_AFTER(HOUR_MS)),
    spec(names.events, partitions, { ...DELETE_AFTER(7 * 24 * HOUR_MS), ...safe }),
    spec(names.states, partitions, { ...COMPACTED, ...safe }),
    spec(names.deadLetters, 1, { ...DELETE_AFTER(30 * 24 * HOUR_MS), ...safe }),
    spec(contractsTopic(topicPrefix), 1, { ...COMPACTED, ...safe }),
    spec(clockTopic(topicPrefix), 1, { ...DELETE_AFTER(HOUR_MS / 6), 'segment.ms': String(HOUR_MS / 6) }),
  ];
}

/** Makes the topics of this service that are missing. Those that exist stay as they are. @throws KafkaError */
export async function ensureTopics(port: KafkaPort, where: Where): Promise<void> {
  const existing = new Set(await port.admin.listTopics());
  const missing = topicSpecs(where).filter((spec) => !existing.has(spec.topic));
  if (missing.length > 0) await port.admin.createTopics(missing);
}
