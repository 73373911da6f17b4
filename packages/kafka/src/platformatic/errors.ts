import { findErrorBy } from '@stoa/kafka/client';
import { FencedError, KafkaError, type KafkaErrorCode } from '../port/port.js';

const FENCED = ['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'INVALID_PRODUCER_ID_MAPPING'];
const UNKNOWN = ['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID', 'INCONSISTENT_TOPIC_ID'];
const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'];
// The library takes them for final.
const PASSING = ['STALE_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID'];

/** True when an error is, holds, or was caused by the protocol error of that name. */
export const isProtocolError = (error: unknown, ...ids: string[]): boolean =>
  error instanceof Error &&
  (ids.some((id) => findErrorBy(error, 'apiId', id) !== null) || isProtocolError(error.cause, ...ids));

function codeOf(error: Error): KafkaErrorCode {
  if (isProtocolError(error, ...UNKNOWN) || /Unknown topic/.test(error.message)) return 'UNKNOWN_TOPIC';
  if (isProtocolError(error, ...TOO_LARGE)) return 'RECORD_TOO_LARGE';
  if (findErrorBy(error, 'closed', true) || /[Cc]lient (is )?closed/.test(error.message)) return 'CLOSED';
  if (findErrorBy(error, 'code', 'PLT_KFK_NETWORK') || findErrorBy(error, 'code', 'PLT_KFK_TIMEOUT'))
    return 'UNREACHABLE';
  if (isProtocolError(error, ...PASSING)) return 'RETRIABLE';
  return findErrorBy(error, 'canRetry', true) ? 'RETRIABLE' : 'OTHER';
}

/** The library's error in the port's terms. */
export function kafkaError(error: unknown): KafkaError {
  if (error instanceof KafkaError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  if (isProtocolError(cause, ...FENCED)) {
    return new FencedError('another producer took over the transactional id', { cause });
  }
  return new KafkaError(codeOf(cause), cause.message, { cause });
}

/** Runs a call of the library and throws the port's errors. */
export async function translated<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw kafkaError(error);
  }
}
