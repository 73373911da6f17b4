import { problem } from '../http/problem.js';
import type { Operation } from '../services/operation.js';

const ETAG = /^(W\/)?"([^"]*)"$/;

/** The version that If-Match demands. @throws HttpProblem 400 or 412 */
export function expectedVersion(operation: Operation, header: string | undefined): number | undefined {
  if (header === undefined || !operation.isCommand) return undefined;
  if (!operation.document.ifMatch) throw problem('INVALID_INPUT', `${operation.id} takes no If-Match`);
  if (header.trim() === '*') return undefined;
  const [, weak, tag] = ETAG.exec(header.trim()) ?? [];
  if (tag === undefined) throw problem('INVALID_INPUT', 'If-Match must be one ETag in quotes, such as "3"');
  if (weak || !/^\d{1,15}$/.test(tag)) throw problem('STALE_VERSION', `There is no version ${header.trim()}`);
  return Number(tag);
}
