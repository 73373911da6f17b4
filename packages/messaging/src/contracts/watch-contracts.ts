import type { ContractDocument } from '@stoa/contract-kit';
import { type Follower, KafkaError, type KafkaPort, type KafkaRecord } from '@stoa/kafka';
import type { MessagingOptions } from '../api/options.js';
import { contractsTopic } from '../protocol/topics.js';

export interface ContractWatch {
  /** True once all that was published before the watch began has been handed over. */
  isCaughtUp(): boolean;
  close(): Promise<void>;
}

/**
 * Hands over each service's published contract: the last ones of all services first, then each new one as it comes.
 * What cannot be read is logged and skipped. `onWithdrawn` hears of a service whose contract was withdrawn: a record of
 * its name without a body. @throws KafkaError
 */
export async function watchContracts(
  port: KafkaPort,
  { topicPrefix, replicationFactor, logger }: Pick<MessagingOptions, 'topicPrefix' | 'replicationFactor' | 'logger'>,
  onDocument: (document: ContractDocument) => void,
  onWithdrawn: (service: string) => void = () => undefined,
): Promise<ContractWatch> {
  const topic = contractsTopic(topicPrefix);
  // The first gateway may be there before the first service.
  const config = { 'cleanup.policy': 'compact', 'message.timestamp.type': 'LogAppendTime' };
  if (!(await exists(port, topic)))
    await port.admin.createTopics([{ topic, partitions: 1, replicationFactor, config }]);
  const [end = 0] = await port.admin.endOffsets(topic);
  const early: KafkaRecord[] = [];
  const hand = (record: KafkaRecord): void => {
    if (record.value === null && record.key !== null) return onWithdrawn(record.key.toString());
    const document = read(record, logger);
    if (document) onDocument(document);
  };
  let isCaughtUp = end === 0;
  const catchUp = (): void => {
    isCaughtUp = true;
    // Compaction may not have come by yet: only the last of each service counts.
    new Map(early.map((record) => [record.key?.toString(), record])).forEach(hand);
  };
  const follower: Follower = await port.follow({
    partitions: [{ topic, partition: 0, from: 'beginning' }],
    isolation: 'committed',
    onFault: (err) => logger.debug({ err }, 'reading contracts; trying again'),
    onRecords: (records) => {
      if (isCaughtUp) return records.forEach(hand);
      early.push(...records);
      if ((records.at(-1)?.offset ?? 0) + 1 >= end) catchUp();
    },
  });
  return {
    isCaughtUp: () => {
      // The last offsets may hold no record that is still there.
      if (!isCaughtUp && follower.position({ topic, partition: 0 }) >= end) catchUp();
      return isCaughtUp;
    },
    close: () => follower.close(),
  };
}

async function exists(port: KafkaPort, topic: string): Promise<boolean> {
  try {
    return (await port.admin.partitionCount(topic)) > 0;
  } catch (error) {
    if (error instanceof KafkaError && error.code === 'UNKNOWN_TOPIC') return false;
    throw error;
  }
}

function read(record: KafkaRecord, logger: MessagingOptions['logger']): ContractDocument | null {
  try {
    const document = JSON.parse(record.value?.toString() ?? '') as ContractDocument;
    if (document.format === 1 && document.service === record.key?.toString()) return document;
    logger.warn(
      { contract: record.key?.toString(), format: document.format },
      'a published contract is of a format unknown here',
    );
  } catch (err) {
    logger.warn({ err, offset: record.offset }, 'a published contract cannot be read');
  }
  return null;
}
