import { FencedError, KafkaError, type KafkaErrorCode } from '../port/port.js';

/** The common part of the library's errors, which nest by `cause`. */
interface LibraryError extends Error {
  readonly type?: string;
  readonly code?: unknown;
  readonly retriable?: boolean;
  /** Errors of several topics, as the admin client throws them. */
  readonly errors?: readonly unknown[];
}

const FENCED = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
  'UNKNOWN_PRODUCER_ID',
]);
const UNKNOWN = new Set(['UNKNOWN_TOPIC_OR_PARTITION']);
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
const UNREACHABLE =
  /^KafkaJS(Connection|ConnectionClosed|RequestTimeout|NoBrokerAvailable|BrokerNotFound|LockTimeout)Error$|^KafkaJSBrokerNotFound$/;
// PRODUCER_FENCED: the library does not know the protocol's newer errors by name.
const PRODUCER_FENCED = 90;

/** The error, its causes, and those it gathers. */
function* chain(error: unknown): Generator<LibraryError> {
  for (let one = error; one instanceof Error; one = one.cause) {
    const found = one as LibraryError;
    yield found;
    for (const part of found.errors ?? []) yield* chain(part);
  }
}

export const isProtocolError = (error: unknown, ...types: string[]): boolean =>
  [...chain(error)].some((one) => one.type !== undefined && types.includes(one.type));

function codeOf(error: LibraryError): KafkaErrorCode | undefined {
  const { type = '', code, name } = error;
  if (FENCED.has(type) || code === PRODUCER_FENCED) return 'FENCED';
  if (UNKNOWN.has(type)) return 'UNKNOWN_TOPIC';
  if (TOO_LARGE.has(type)) return 'RECORD_TOO_LARGE';
  if (UNREACHABLE.test(name)) return 'UNREACHABLE';
  return undefined;
}

/** The library's error in the port's terms. */
export function kafkaError(error: unknown): KafkaError {
  if (error instanceof KafkaError) return error;
  const errors = [...chain(error)];
  const code = errors.map(codeOf).find((found) => found !== undefined);
  const message = errors.at(-1)?.message ?? String(error);
  if (code === 'FENCED') return new FencedError('another producer took over the transactional id', { cause: error });
  return new KafkaError(code ?? (errors.at(-1)?.retriable ? 'RETRIABLE' : 'OTHER'), message, { cause: error });
}

/** Runs a call of the library and throws the port's errors. */
export async function translated<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw kafkaError(error);
  }
}
