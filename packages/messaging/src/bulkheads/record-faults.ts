import { OperationError } from '@stoa/contract-kit';
import { KafkaError } from '@stoa/kafka';
import { causesOf, isOfTheWork, isUnavailable } from '@stoa/postgres';
import { TRANSIENT_ERRORS } from '../protocol/business-errors.js';
import { UnreadableRecord } from '../subscriptions/event-record.js';

type IsTransient = (error: unknown) => boolean;

/** Kafka, or another service, that could not be reached. */
const isOfAnother = (error: unknown): boolean =>
  [...causesOf(error)].some(
    (cause) => cause instanceof KafkaError || (cause instanceof OperationError && TRANSIENT_ERRORS.has(cause.code)),
  );

/**
 * True only when a record or its handler is at fault: it can't be read, its data or a constraint refuse it, or the
 * handler has a bug. What a server is (read-only, full, starting, away), or how Kafka is, never counts against a
 * record, also when nobody has listed it: a record that waits for no reason is seen and can be dropped, one that was
 * parked for no reason is lost work.
 */
export function isRecordsFault(error: unknown, isTransient: IsTransient): boolean {
  if (error instanceof UnreadableRecord) return true;
  return !isTransient(error) && !isOfAnother(error) && isOfTheWork(error);
}

/** What a handler does before its event's transaction failed: in other buckets, whose servers may be others. */
export class BeforeFailed extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

const isBesideServer = (cause: unknown): boolean => cause instanceof KafkaError || cause instanceof BeforeFailed;

/**
 * True when other work on the event's own database server fails as well. A server that is given no work says so by a
 * business error, too.
 */
export const isServerUnavailable = (error: unknown): boolean =>
  isUnavailable(error) && ![...causesOf(error)].some(isBesideServer);
