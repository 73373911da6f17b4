import { isDeepStrictEqual } from 'node:util';
import { toDocument, type ContractDocument, type ServiceContract } from '@stoa/contract-kit';
import { MAX_RECORD_BYTES, sizeOf, type KafkaPort, type KafkaRecord, type OutgoingRecord } from '@stoa/kafka';
import type { MessagingOptions } from '../api/options.js';
import { contractsTopic, topicNames } from '../protocol/topics.js';
import type { SealingKey } from '../sealing/sealed-fields.js';
import { readContractRecord, SEALING_HEADER, sealingHeaders, withdrawalOf } from './contract-record.js';
import { readTopic } from './read-topic.js';

const READ_TIMEOUT_MS = 10_000;

type Where = Pick<MessagingOptions, 'topicPrefix' | 'logger'>;

/**
 * Publishes a service's contract for gateways to learn, unless the same is there. A contract of a higher version stays:
 * while a new release rolls out, clones of the old one start again too.
 * @returns what became of it
 */
export async function publishContract(
  port: KafkaPort,
  where: Where,
  contract: ServiceContract,
  sealTo?: SealingKey,
): Promise<'published' | 'same' | 'older'> {
  const { logger, topicPrefix } = where;
  const document = toDocument(contract);
  const topic = topicNames(topicPrefix, document.service).contract;
  const last = (await readTopic(port, topic, READ_TIMEOUT_MS)).at(-1);
  const current = documentIn(last);
  if (current && current.version > document.version) {
    logger.warn(
      { ours: document.version, published: current.version },
      'a newer contract of this service is published: ours is not',
    );
    return 'older';
  }
  const body = JSON.stringify(document);
  const headers = sealTo ? sealingHeaders(sealTo) : {};
  const isSame =
    isDeepStrictEqual(current, JSON.parse(body)) && last?.headers[SEALING_HEADER] === headers[SEALING_HEADER];
  if (!isSame) {
    await port.produce([checked({ topic, key: document.service, value: body, headers, partition: 0 })], 'all');
    logger.info({ contract: document.service, version: document.version }, 'contract published');
  }
  await publishForFormerGateways(port, where, document.service, body);
  return isSame ? 'same' : 'published';
}

/**
 * Says that a service is gone for good: gateways drop its routes. It ends when one of its clones starts again, which
 * publishes its contract. @throws KafkaError
 */
export async function withdrawContract(port: KafkaPort, where: Where, service: string): Promise<void> {
  const topic = topicNames(where.topicPrefix, service).contract;
  await port.produce([{ topic, key: service, value: withdrawalOf(service), partition: 0 }], 'all');
  await publishForFormerGateways(port, where, service, null);
}

/**
 * Gateways of the version before read the topic that all services shared. Where its rights are gone already, so are
 * those gateways.
 */
async function publishForFormerGateways(port: KafkaPort, where: Where, service: string, value: string | null) {
  const topic = contractsTopic(where.topicPrefix);
  try {
    const last = (await readTopic(port, topic, READ_TIMEOUT_MS)).findLast(({ key }) => key?.toString() === service);
    if ((last?.value?.toString() ?? null) === value) return;
    await port.produce([{ topic, key: service, value, partition: 0 }], 'all');
  } catch (err) {
    where.logger.debug({ err }, 'gateways of the version before do not get this contract');
  }
}

function checked(record: OutgoingRecord): OutgoingRecord {
  const bytes = sizeOf(record);
  if (bytes <= MAX_RECORD_BYTES) return record;
  throw new Error(`The contract of ${record.key} takes ${bytes} bytes, a record ${MAX_RECORD_BYTES} at the most`);
}

/** Undefined where there is none, or none that can be read: ours takes its place. */
function documentIn(record: KafkaRecord | undefined): ContractDocument | undefined {
  const content = record && readContractRecord(record);
  return typeof content === 'object' && content.kind === 'published' ? content.document : undefined;
}
