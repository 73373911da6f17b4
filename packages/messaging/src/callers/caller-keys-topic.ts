import type { TopicSpec } from '@stoa/kafka';
import type { MessagingOptions } from '../api/options.js';
import { callerKeysTopic } from '../protocol/topics.js';

const HOUR_MS = 3_600_000;
/** Each key is published anew long before its record goes. */
export const REPUBLISH_MS = 12 * HOUR_MS;
const KEPT_MS = 48 * HOUR_MS;

export type Where = Pick<MessagingOptions, 'topicPrefix' | 'replicationFactor' | 'logger'>;

/** The topic that holds the public keys of gateways, or of a service. Whoever is there first makes it. */
export const callerKeysSpec = (
  { topicPrefix, replicationFactor }: Omit<Where, 'logger'>,
  issuer: string,
): TopicSpec => ({
  topic: callerKeysTopic(topicPrefix, issuer),
  partitions: 1,
  replicationFactor,
  config: {
    'cleanup.policy': 'delete',
    'retention.ms': String(KEPT_MS),
    'segment.ms': String(REPUBLISH_MS),
    'message.timestamp.type': 'LogAppendTime',
  },
});
