import type { IncomingMessage } from 'node:http';
import { invalid } from './errors.js';

const MOST_BYTES = 256 * 1024;

/** @throws ApiError when it is too long */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES) throw invalid('The request is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
