import { createHash, timingSafeEqual } from 'node:crypto';
import type { AdminResponse, AdminRequest } from './admin-server.js';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * The response to a caller without the token; undefined for one who has it. Digests are compared, because they have one
 * length, whatever was sent.
 */
export function accessDenied(
  { authorization = '' }: AdminRequest,
  token: string | undefined,
): AdminResponse | undefined {
  if (token === undefined) return { status: 403, body: { status: 'closed: ADMIN_TOKEN is not set for this clone' } };
  if (timingSafeEqual(digest(authorization), digest(`Bearer ${token}`))) return undefined;
  return { status: 401, body: { status: 'Authorization must be Bearer and the ADMIN_TOKEN of this clone' } };
}
