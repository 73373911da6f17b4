import { OperationError } from '@stoa/contract-kit';
import type { Headers, KafkaRecord } from '@stoa/kafka';
import { isLonger } from '@stoa/kafka';

/**
 * Bytes of the body of the largest reply. It is in memory as a whole in the service, on its way, and in whoever asked.
 */
export const MAX_REPLY_BYTES = 8 * 1024 * 1024;

/** Bytes of a body that travel in one record, whose headers need the rest of what a broker takes. */
export const PART_BYTES = 1_000_000;

const MOST_PARTS = Math.ceil(MAX_REPLY_BYTES / PART_BYTES);

/** All that a process holds of replies whose other parts are still on their way. */
const MAX_GATHERED_BYTES = 64 * 1024 * 1024;

/**
 * Headers of a part. It has no `corr`: a process that knows nothing of parts takes it for a reply that nobody waits
 * for, and not for all of one.
 */
const PART = {
  /** The correlation id of the request. */
  of: 'part-of',
  /** `<number>/<count>`, counted from 0. */
  place: 'part',
  /** The same for the parts of one reply: a request that was handled twice gets two, of which each may be different. */
  reply: 'part-reply',
} as const;

export const tooLargeReply = (bytes: number): OperationError =>
  new OperationError(
    'RESPONSE_TOO_LARGE',
    `The reply takes ${bytes} bytes, and one may have ${MAX_REPLY_BYTES} at the most: ask for less at a time`,
  );

/** The JSON of a command's or query's output. @throws OperationError RESPONSE_TOO_LARGE */
export function bodyOf(output: unknown): string {
  const body = JSON.stringify(output ?? null);
  if (isLonger(body, MAX_REPLY_BYTES)) throw tooLargeReply(Buffer.byteLength(body));
  return body;
}

export interface Part {
  readonly value: Buffer;
  readonly headers: Headers;
}

/**
 * A body that is too large for one record, cut into parts. `id`: of this reply among those to the process that asked.
 */
export function partsOf(body: Buffer, { corr, ...headers }: Headers, id: string): Part[] {
  const count = Math.ceil(body.length / PART_BYTES);
  return Array.from({ length: count }, (_, n) => ({
    value: body.subarray(n * PART_BYTES, (n + 1) * PART_BYTES),
    headers: { ...headers, [PART.of]: corr ?? '', [PART.place]: `${n}/${count}`, [PART.reply]: id },
  }));
}

export const isPart = ({ headers }: KafkaRecord): boolean => headers[PART.place] !== undefined;

/** The correlation id of the request that a reply, or a part of one, answers. */
export const requestOf = ({ headers = {} }: { readonly headers?: Headers }): string =>
  headers['corr'] ?? headers[PART.of] ?? '';

/** The parts of one reply that have come. */
interface Gathering {
  readonly parts: (Buffer | undefined)[];
  missing: number;
  bytes: number;
}

/** Puts replies together of which the parts come one by one, perhaps more than once, perhaps among those of others. */
export class ReplyParts {
  /** By request, then by reply. */
  private readonly gathered = new Map<string, Map<string, Gathering>>();
  private gatheredBytes = 0;

  /**
   * Takes a part of a reply that somebody waits for.
   * @returns the body, when this was the last one that was missing
   * @throws OperationError UNAVAILABLE when too much is gathered already, INTERNAL when it is no part
   */
  add(record: KafkaRecord): Buffer | undefined {
    const { headers, value } = record;
    const [number, count] = placeOf(headers);
    const gathering = this.gatheringOf(requestOf(record), headers[PART.reply] ?? '', count);
    if (gathering.parts.length !== count || !value) throw unreadable();
    if (gathering.parts[number]) return undefined;
    if (this.gatheredBytes + value.length > MAX_GATHERED_BYTES) {
      // Not OVERLOADED: what was asked for is done.
      throw new OperationError('UNAVAILABLE', 'Too many large answers are on their way here');
    }
    gathering.parts[number] = value;
    gathering.missing -= 1;
    gathering.bytes += value.length;
    this.gatheredBytes += value.length;
    return gathering.missing === 0 ? Buffer.concat(gathering.parts as Buffer[]) : undefined;
  }

  private gatheringOf(request: string, reply: string, count: number): Gathering {
    let replies = this.gathered.get(request);
    if (!replies) this.gathered.set(request, (replies = new Map()));
    let gathering = replies.get(reply);
    if (!gathering) {
      gathering = { parts: Array.from({ length: count }, () => undefined), missing: count, bytes: 0 };
      replies.set(reply, gathering);
    }
    return gathering;
  }

  /** Nobody waits for it any more. */
  forget(request: string): void {
    if (this.gathered.size === 0) return;
    for (const { bytes } of this.gathered.get(request)?.values() ?? []) this.gatheredBytes -= bytes;
    this.gathered.delete(request);
  }
}

const unreadable = (): OperationError =>
  new OperationError('INTERNAL', 'The service answered in parts that do not fit');

/** @throws OperationError */
function placeOf(headers: Headers): [number: number, count: number] {
  const [number = -1, count = 0] = (headers[PART.place] ?? '').split('/').map(Number);
  const fits = Number.isInteger(number) && Number.isInteger(count) && number >= 0 && number < count;
  if (!fits || count > MOST_PARTS) throw unreadable();
  return [number, count];
}
