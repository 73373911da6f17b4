import { createHash, timingSafeEqual } from 'node:crypto';
import type { AdminAnswer, AdminRequest } from './admin-server.js';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** What keeps a caller out; undefined for one who has the token. Digests have one length, whatever was sent. */
export function refusal({ authorization = '' }: AdminRequest, token: string | undefined): AdminAnswer | undefined {
  if (token === undefined) return { status: 403, body: { status: 'closed: ADMIN_TOKEN is not set for this clone' } };
  if (timingSafeEqual(digest(authorization), digest(`Bearer ${token}`))) return undefined;
  return { status: 401, body: { status: 'Authorization must be Bearer and the ADMIN_TOKEN of this clone' } };
}
