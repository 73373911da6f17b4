import { Readable } from 'node:stream';
import type { DownloadPart } from '@stoa/contract-kit';
import { newId, type IncomingReply } from '@stoa/messaging';
import type { HttpResponse } from '../http/response.js';
import type { Fields, Operation } from '../services/operation.js';
import type { Call, CallOperation } from '../calls/call-operation.js';

/** One download. `base`: the caller and trace of its queries. */
export interface Download {
  readonly operation: Operation;
  readonly input: Fields;
  readonly base: Omit<Call, 'operation' | 'input' | 'body' | 'id'>;
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  'text/csv': '.csv',
  'application/x-ndjson': '.ndjson',
  'application/json': '.json',
  'text/html': '.html',
  'text/plain': '.txt',
};

const partOf = ({ body }: IncomingReply): DownloadPart => JSON.parse(body.toString('utf8')) as DownloadPart;

function nameOf({ document }: Operation, contentType: string): string {
  const extension = EXTENSIONS[contentType.split(';')[0]!.trim()] ?? '';
  return `${document.download!.filename.replaceAll(/[^\w.-]/g, '_')}${extension}`;
}

/**
 * Queries part after part, each when the client has taken the one before, so that one part is in memory at a time. An
 * error of the first part is the response; after that the connection is cut, which a client can tell from an end.
 * @throws HttpProblem the error of the first part
 */
export async function download(call: CallOperation, { operation, input, base }: Download): Promise<HttpResponse> {
  const queryPart = (fields: Fields): Promise<IncomingReply> =>
    call.run({ ...base, operation, input: fields, id: newId() });
  const reply = await queryPart(input);
  const first = partOf(reply);
  async function* chunks(): AsyncGenerator<string> {
    yield first.chunk;
    for (let { next } = first; next !== null;) {
      const part = partOf(await queryPart({ ...input, cursor: next }));
      yield part.chunk;
      next = part.next;
    }
  }
  const headers = {
    'content-type': first.contentType,
    'content-disposition': `attachment; filename="${nameOf(operation, first.contentType)}"`,
    'cache-control': 'no-store',
    'stoa-served-by': reply.servedBy,
  };
  return {
    status: operation.document.status,
    headers,
    body: Readable.from(chunks(), { objectMode: true, highWaterMark: 1 }),
  };
}
