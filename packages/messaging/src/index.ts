export * from './types.js';
export * from './options.js';
export * from './command-execution.js';
export * from './kafka/port.js';
export { openKafka, type KafkaOptions } from './kafka/open-kafka.js';
export { deriveId, newId } from './ids.js';
export { contractsTopic, topicNames, type TopicNames } from './topics.js';
export { factRow, retractionRow, writeOutbox, type FactOrigin, type OutboxRow } from './storage/outbox.js';
