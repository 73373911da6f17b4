import type { CallerRule } from '@stoa/contract-kit';
import type { Caller } from '@stoa/messaging';
import { problem } from '../http/problem.js';

/** The caller of a verified token. */
export type Identity =
  | { readonly kind: 'guest'; readonly customerId: string }
  | {
      readonly kind: 'customer' | 'operator';
      readonly customerId: string;
      /** The sign-in that the token comes from: revoked as a whole. */
      readonly sessionId: string;
    };

/** The caller as services see it. */
export const callerOf = ({ kind, customerId }: Identity): Caller => ({ kind, customerId });

/** A caller as events and logs name it. */
export const whoIs = ({ kind, customerId }: Identity): string => `${kind} ${customerId}`;

/** The customer id of no customer. Ids of commands without a caller follow from it. */
export const NOBODY_ID = '00000000-0000-7000-8000-000000000000';

/** The caller of queries whose response is the same for everybody: no service can make it personal. */
export const NOBODY: Caller = { kind: 'guest', customerId: NOBODY_ID };

/** @throws HttpProblem 401 for guests where one must be signed in, 403 for customers where one must be an operator */
export function checkCaller(rule: CallerRule, identity: Identity | undefined): void {
  if (rule === 'anyone') return;
  if (identity === undefined || identity.kind === 'guest') {
    throw problem('UNAUTHENTICATED', 'Sign in (POST /v1/sessions) and send the access token as Authorization: Bearer', {
      headers: { 'www-authenticate': 'Bearer' },
    });
  }
  if (rule === 'operator' && identity.kind !== 'operator')
    throw problem('FORBIDDEN', 'Only operators of the shop may do this');
}
