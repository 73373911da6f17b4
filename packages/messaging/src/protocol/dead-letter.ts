import {
  KafkaError,
  type KafkaPort,
  type KafkaRecord,
  MAX_RECORD_BYTES,
  type OutgoingRecord,
  sizeOf,
} from '@stoa/kafka';

/** Headers that a dead letter carries besides those of the record that it was. */
export const DEAD_LETTER_HEADERS = {
  /** The place of the record: `topic:partition:offset`. */
  origin: 'dead-origin',
  /** In words. */
  reason: 'dead-reason',
  /** The clone that gave it up. */
  by: 'dead-by',
  /**
   * Which of key, value and headers are not whole, with a comma between; left out where all are. The origin has the
   * whole record, for as long as its topic keeps it.
   */
  cut: 'dead-cut',
  /** Where something was cut: how many bytes the record's value had. */
  size: 'dead-size',
} as const;

// An operator reads so much of a record that no handler could. No header that was made to be read is as long.
const MOST_REASON = 4_000;
const MOST_HEADER = 4_000;
const MOST_HEADERS_BYTES = 64_000;
const MOST_KEY_BYTES = 4_000;
/** Of a pointer, for topics that take small records only. */
const SHORT_REASON = 200;

const shortened = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text);

type Reason = Pick<KafkaRecord, 'topic' | 'partition' | 'offset'> & { readonly reason: string; readonly clone: string };

/** Names a record for good: dead letters with the same origin are of the same record. */
export const originOf = ({ topic, partition, offset }: Pick<KafkaRecord, 'topic' | 'partition' | 'offset'>): string =>
  `${topic}:${partition}:${offset}`;

const headersOf = ({ reason, clone, ...record }: Reason): Record<string, string> => ({
  [DEAD_LETTER_HEADERS.origin]: originOf(record),
  [DEAD_LETTER_HEADERS.reason]: reason,
  [DEAD_LETTER_HEADERS.by]: clone,
});

/** The record's headers in their order, as far as they are short and few. */
function headersThatFit(headers: KafkaRecord['headers']): {
  readonly kept: Record<string, string>;
  readonly isCut: boolean;
} {
  const kept: Record<string, string> = {};
  let bytes = 0;
  let isCut = false;
  for (const [name, value] of Object.entries(headers)) {
    const short = shortened(value, MOST_HEADER);
    bytes += Buffer.byteLength(name) + Buffer.byteLength(short);
    if (bytes > MOST_HEADERS_BYTES) return { kept, isCut: true };
    kept[name] = short;
    isCut ||= short !== value;
  }
  return { kept, isCut };
}

function cutHeaders(cut: readonly string[], { value }: KafkaRecord): Record<string, string> {
  if (cut.length === 0) return {};
  return { [DEAD_LETTER_HEADERS.cut]: cut.join(','), [DEAD_LETTER_HEADERS.size]: String(value?.length ?? 0) };
}

/**
 * The record with where it came from and why it was given up: as it came, unless that is too large with what is added.
 * Then as much of it as fits, and a header says what was cut.
 */
export function deadLetter(topic: string, record: KafkaRecord, reason: string, clone: string): OutgoingRecord {
  const { kept, isCut } = headersThatFit(record.headers);
  const cut = isCut ? ['headers'] : [];
  let { key, value } = record;
  if (key && key.length > MOST_KEY_BYTES) {
    key = key.subarray(0, MOST_KEY_BYTES);
    cut.unshift('key');
  }
  const own = headersOf({ ...record, reason: shortened(reason, MOST_REASON), clone });
  const letter = (): OutgoingRecord => ({
    topic,
    key,
    value,
    headers: { ...kept, ...own, ...cutHeaders(cut, record) },
  });
  if (!value || sizeOf(letter()) <= MAX_RECORD_BYTES) return letter();
  cut.push('value');
  value = value.subarray(0, MAX_RECORD_BYTES - sizeOf({ ...letter(), value: null }));
  return letter();
}

/** Says where the record is, and holds nothing of it. */
function pointerTo(topic: string, record: KafkaRecord, reason: string, clone: string): OutgoingRecord {
  const own = headersOf({ ...record, reason: shortened(reason, SHORT_REASON), clone });
  return { topic, key: null, value: null, headers: { ...own, ...cutHeaders(['key', 'headers', 'value'], record) } };
}

/**
 * Writes a record to the dead letters. Where the broker's bound is smaller than usual, a pointer to it takes its place:
 * a record that cannot be handled must not stop those behind it by its size. @throws KafkaError
 */
export async function writeDeadLetter(
  port: Pick<KafkaPort, 'produce'>,
  topic: string,
  record: KafkaRecord,
  reason: string,
  clone: string,
): Promise<void> {
  try {
    await port.produce([deadLetter(topic, record, reason, clone)], 'all');
  } catch (error) {
    if (!(error instanceof KafkaError) || error.code !== 'RECORD_TOO_LARGE') throw error;
    await port.produce([pointerTo(topic, record, reason, clone)], 'all');
  }
}
