import { kafkaAccess } from '@stoa/kafka';
import type { MessageContext, MessagingOptions } from '@stoa/messaging';
import type { CommonConfig } from '../config/variables.js';
import type { Logger } from '../logs/logger.js';
import { servedFrom } from '../context/served-from.js';
import { spans, type Step } from '../tracing/spans.js';
import { trace } from '../context/trace.js';
import { messagingMetrics } from '../metrics/messaging-metrics.js';

const handling = ({ operation, messageId }: MessageContext): Step => ({
  name: `process ${operation}`,
  kind: 'consumer',
  attributes: {
    'messaging.system': 'kafka',
    'messaging.operation.type': 'process',
    'messaging.message.id': messageId,
    'stoa.operation': operation,
  },
});

/** Proofs rest on keys that only gateways may publish, which a broker can tell only where it knows who writes. */
const isAuthenticated = ({ KAFKA_USERNAME, KAFKA_TLS_CERT }: CommonConfig): boolean =>
  KAFKA_USERNAME !== undefined || KAFKA_TLS_CERT !== undefined;

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
    access: kafkaAccess(config),
    ...(config.SEALING_SECRET && { sealingSecrets: config.SEALING_SECRET }),
    provesCallers: config.CALLER_PROOFS === undefined ? isAuthenticated(config) : config.CALLER_PROOFS === 'on',
    topicPrefix: config.KAFKA_TOPIC_PREFIX,
    service,
    clone: config.STOA_CLONE,
    replicationFactor: config.KAFKA_REPLICATION_FACTOR,
    partitions: config.KAFKA_PARTITIONS,
    logger,
    metrics: messagingMetrics(),
    runWith: (message, work, faultOf) => {
      const context = trace.child(trace.parse(message.traceparent), message.messageId);
      context.useServer = message.useServer;
      if (!spans.areOn) return trace.run(context, work);
      return spans.follow(context, handling(message), () => trace.run(context, work), faultOf);
    },
    servedFrom: servedFrom.current,
    onFatal,
  };
}
