import { OperationError } from '@stoa/contract-kit';
import { KafkaError } from '@stoa/kafka';
import { causesOf, isOfTheWork, isUnavailable } from '@stoa/postgres';
import { TRANSIENT_ERRORS } from '../protocol/business-errors.js';
import { UnreadableRecord } from '../subscriptions/event-record.js';

type IsTransient = (error: unknown) => boolean;

/** True when Kafka or another service could not be reached. */
const isOfAnother = (error: unknown): boolean =>
  [...causesOf(error)].some(
    (cause) => cause instanceof KafkaError || (cause instanceof OperationError && TRANSIENT_ERRORS.has(cause.code)),
  );

/**
 * True only when a record or its handler is at fault: it can't be read, its data or a constraint refuse it, or the
 * handler has a bug. The state of a server (read-only, full, starting, unavailable) or of Kafka never counts against a
 * record, also when no list names it: a record that waits for no reason is seen and can be dropped, one that was parked
 * for no reason is lost work.
 */
export function isRecordsFault(error: unknown, isTransient: IsTransient): boolean {
  if (error instanceof UnreadableRecord) return true;
  return !isTransient(error) && !isOfAnother(error) && isOfTheWork(error);
}

/** A handler's `before` failed: it works in other buckets, whose servers may be others. */
export class BeforeFailed extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

const isBesideServer = (cause: unknown): boolean => cause instanceof KafkaError || cause instanceof BeforeFailed;

/** True when other work on the event's own database server fails as well, also for a server that refuses all work. */
export const isServerUnavailable = (error: unknown): boolean =>
  isUnavailable(error) && ![...causesOf(error)].some(isBesideServer);
