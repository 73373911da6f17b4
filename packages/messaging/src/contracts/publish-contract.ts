import { isDeepStrictEqual } from 'node:util';
import { toDocument, type ContractDocument, type ServiceContract } from '@stoa/contract-kit';
import type { KafkaPort } from '@stoa/kafka';
import { MAX_RECORD_BYTES, sizeOf } from '@stoa/kafka';
import type { MessagingOptions } from '../api/options.js';
import { contractsTopic } from '../protocol/topics.js';
import { readTopic } from './read-topic.js';

const READ_TIMEOUT_MS = 10_000;

/**
 * Publishes a service's contract for gateways to learn, unless the same is there. A contract of a higher version stays:
 * while a new release rolls out, clones of the old one start again too.
 * @returns what became of it
 */
export async function publishContract(
  port: KafkaPort,
  { topicPrefix, logger }: Pick<MessagingOptions, 'topicPrefix' | 'logger'>,
  contract: ServiceContract,
): Promise<'published' | 'same' | 'older'> {
  const document = toDocument(contract);
  const topic = contractsTopic(topicPrefix);
  const published = (await readTopic(port, topic, READ_TIMEOUT_MS)).findLast(
    (record) => record.key?.toString() === document.service,
  );
  const current = published?.value ? (JSON.parse(published.value.toString()) as ContractDocument) : undefined;
  if (current && current.version > document.version) {
    logger.warn(
      { ours: document.version, published: current.version },
      'a newer contract of this service is published: ours is not',
    );
    return 'older';
  }
  const body = JSON.stringify(document);
  if (current && isDeepStrictEqual(current, JSON.parse(body))) return 'same';
  const record = { topic, key: document.service, value: body, partition: 0 };
  const bytes = sizeOf(record);
  if (bytes > MAX_RECORD_BYTES) {
    throw new Error(
      `The contract of ${document.service} takes ${bytes} bytes, a record ${MAX_RECORD_BYTES} at the most`,
    );
  }
  await port.produce([record], 'all');
  logger.info({ contract: document.service, version: document.version }, 'contract published');
  return 'published';
}
