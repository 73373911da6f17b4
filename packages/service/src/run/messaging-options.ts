import type { MessagingOptions } from '@stoa/messaging';
import type { CommonConfig } from '../config/variables.js';
import type { Logger } from '../observe/logger.js';
import { servedFrom } from '../observe/served-from.js';
import { trace } from '../observe/trace.js';
import { messagingMetrics } from './messaging-metrics.js';

/** Messaging as the environment says, with this process's log, metrics and trace context. */
export function messagingOptions(
  service: string,
  config: CommonConfig,
  logger: Logger,
  onFatal: (error: Error) => void,
): MessagingOptions {
  return {
    brokers: config.KAFKA_BROKERS,
    client: config.KAFKA_CLIENT,
    topicPrefix: config.KAFKA_TOPIC_PREFIX,
    service,
    clone: config.STOA_CLONE,
    replicationFactor: config.KAFKA_REPLICATION_FACTOR,
    partitions: config.KAFKA_PARTITIONS,
    logger,
    metrics: messagingMetrics(),
    runWith: ({ traceparent, messageId }, work) => trace.run(trace.child(trace.parse(traceparent), messageId), work),
    servedFrom: servedFrom.current,
    onFatal,
  };
}
