import type { DataOf, Event, State } from '@stoa/contract-kit';
import type { Headers } from '@stoa/kafka';

/** A record to parse, whether it comes from Kafka or was parked. */
export interface MessageRecord {
  readonly headers: Headers;
  readonly value: Buffer | null;
}

/** Issues of a record that are named: one of 1 MiB may have a hundred thousand. */
const MAX_ISSUES = 20;

/** A record that breaks the contract of its topic's owner: no retry mends it. */
export class UnreadableRecord extends Error {}

/** An event or state as its contract declares it. */
export interface ParsedMessage {
  readonly id: string;
  readonly version: number;
  /** Null for a state that is gone. */
  readonly data: DataOf<Event> | null;
}

/** The version header; null when there is none that can be read. */
export function versionOf({ headers }: MessageRecord): number | null {
  const version = Number(headers['version']);
  return Number.isSafeInteger(version) && version > 0 ? version : null;
}

function jsonOf(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString());
  } catch (error) {
    throw new UnreadableRecord(`its body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Parses a record by its contract. @throws UnreadableRecord with the reason */
export function parseMessage(message: Event | State, record: MessageRecord): ParsedMessage {
  const version = versionOf(record);
  if (version === null) throw new UnreadableRecord(`its version is '${record.headers['version'] ?? ''}'`);
  const { id = '' } = record.headers;
  if (record.value === null) {
    if (message.kind === 'event') throw new UnreadableRecord('an event without a body');
    return { id, version, data: null };
  }
  const parsed = message.data.safeParse(jsonOf(record.value));
  if (parsed.success) return { id, version, data: parsed.data as DataOf<Event> };
  const { issues } = parsed.error;
  const where = issues.slice(0, MAX_ISSUES).map((issue) => `/${issue.path.map(String).join('/')}: ${issue.message}`);
  const more = issues.length > MAX_ISSUES ? `; and ${issues.length - MAX_ISSUES} more` : '';
  throw new UnreadableRecord(
    `its data break the contract of ${message.service}.${message.name}: ${where.join('; ')}${more}`,
  );
}
