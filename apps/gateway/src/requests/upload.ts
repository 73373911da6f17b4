import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { deriveId, type IncomingReply } from '@stoa/messaging';
import type { Fields, Operation } from '../services/operation.js';
import { HttpProblem, isTransientProblem, problem } from '../http/problem.js';
import type { Call, CallOperation } from '../calls/call-operation.js';

/** Bytes of a frame: with base64 well under the 1 MB that Kafka takes in one record. */
export const FRAME_BYTES = 256 * 1024;
/** Frames in flight at once: an upload holds no more in memory. */
const IN_FLIGHT = 4;
/** A client that sends nothing for so long has left. */
const IDLE_MS = 60_000;
/**
 * A frame is sent again with its id while the service is unavailable, so that a restart doesn't cost an upload of an
 * hour.
 */
const RETRY_DELAYS_MS = [250, 500, 1_000, 2_000, 4_000, 8_000];

/** One upload. `base`: the caller and trace of its commands. */
export interface Upload {
  readonly request: IncomingMessage;
  readonly operation: Operation;
  /** The path's and the query string's fields. */
  readonly input: Fields;
  readonly base: Omit<Call, 'operation' | 'input' | 'body' | 'id' | 'key'>;
  readonly commandId: string;
  /** The record key of all frames: they stay in order. */
  readonly key: string;
}

/** @returns the media type. @throws HttpProblem 415 or 413 before a byte is read */
export function checkUpload({ headers }: IncomingMessage, { document }: Operation): string {
  const { contentTypes, maxBytes } = document.upload!;
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (!contentTypes.includes(type))
    throw problem('UNSUPPORTED_MEDIA_TYPE', `The body must be ${contentTypes.join(' or ')}, named in Content-Type`);
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  return type;
}

const tooLarge = (maxBytes: number) =>
  problem('PAYLOAD_TOO_LARGE', `The body is larger than the ${maxBytes} bytes that are taken here`);

/** Cuts the body into frames of FRAME_BYTES; the last one may be shorter, or empty. */
async function* framesOf(request: IncomingMessage, maxBytes: number): AsyncGenerator<{ data: Buffer; last: boolean }> {
  let pending: Buffer[] = [];
  let size = 0;
  let total = 0;
  request.socket.setTimeout(IDLE_MS, () => request.destroy(new Error('idle')));
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > maxBytes) throw tooLarge(maxBytes);
      pending.push(chunk);
      size += chunk.length;
      // One byte more than a frame: a frame is the last one only if nothing comes after it.
      while (size > FRAME_BYTES) {
        const all = pending.length === 1 ? pending[0]! : Buffer.concat(pending, size);
        yield { data: all.subarray(0, FRAME_BYTES), last: false };
        pending = [all.subarray(FRAME_BYTES)];
        size -= FRAME_BYTES;
      }
    }
  } catch (error) {
    if (error instanceof HttpProblem) throw error;
    throw problem('REQUEST_TIMEOUT', 'The upload did not come in full', { headers: { connection: 'close' } });
  } finally {
    request.socket.setTimeout(0);
  }
  yield { data: Buffer.concat(pending, size), last: true };
}

/**
 * Streams the body to the service frame by frame. The first frame's reply comes before others are sent, the last frame
 * is sent after all other replies; in between a few are in flight at once, in order.
 * @returns the reply to the last frame
 * @throws HttpProblem the first error; frames sent until then stay with the service, as an upload that never ends
 */
export async function upload(call: CallOperation, contentType: string, task: Upload): Promise<IncomingReply> {
  const { operation, request, commandId } = task;
  const inFlight = new Set<Promise<IncomingReply>>();
  let sequence = 0;
  let failed: unknown;
  const send = (data: Buffer, last: boolean): Promise<IncomingReply> => {
    const frame = { id: commandId, sequence: sequence++, last, contentType, data: data.toString('base64') };
    const sent = sendFrame(call, task, frame);
    inFlight.add(sent);
    sent.catch((error: unknown) => (failed ??= error)).finally(() => inFlight.delete(sent));
    return sent;
  };
  try {
    for await (const { data, last } of framesOf(request, operation.document.upload!.maxBytes)) {
      if (last) await Promise.all(inFlight);
      if (failed !== undefined) throw failed;
      const sent = send(data, last);
      if (last) return await sent;
      if (sequence === 1) await sent;
      else if (inFlight.size >= IN_FLIGHT) await Promise.race(inFlight);
    }
    throw new Error('an upload has a last frame');
  } finally {
    await Promise.allSettled(inFlight);
  }
}

async function sendFrame(call: CallOperation, task: Upload, frame: { sequence: number }): Promise<IncomingReply> {
  const { operation, input, base, commandId, key } = task;
  const id = deriveId(commandId, 'frame', String(frame.sequence));
  const body = JSON.stringify({ ...input, upload: frame });
  for (let tries = 0; ; tries++) {
    try {
      return await call.run({ ...base, operation, input, body, id, key });
    } catch (error) {
      const wait = RETRY_DELAYS_MS[tries];
      if (wait === undefined || !isTransientProblem(error)) throw error;
      await delay(wait);
    }
  }
}
