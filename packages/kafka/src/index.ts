export * from './port/port.js';
export type { Logger } from './port/logger.js';
export { partitionHash } from './port/murmur2.js';
export { detached } from './port/own-bytes.js';
export { cutByBytes, isLonger, MAX_RECORD_BYTES, memoryOf, sizeOf } from './port/record-size.js';
export { untilLed } from './port/wait-for-leaders.js';
export type { KafkaOptions } from './port/options.js';
export { kafkaAccess, MECHANISMS, type AccessSettings, type KafkaAccess } from './port/access.js';
export { openKafka } from './open-kafka.js';
