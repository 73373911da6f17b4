import type { CallerRule } from '@stoa/contract-kit';
import type { Caller } from '@stoa/messaging';
import { problem } from '../http/problem.js';

/** Who a verified token says that the caller is. */
export type Identity =
  | { readonly kind: 'guest'; readonly customerId: string }
  | {
      readonly kind: 'customer' | 'operator';
      readonly customerId: string;
      /** The sign-in that the token comes from: revoked as a whole. */
      readonly sessionId: string;
    };

/** The caller as services are told. */
export const callerOf = ({ kind, customerId }: Identity): Caller => ({ kind, customerId });

/** Of answers that are the same for everybody: no service can make them personal. */
export const NOBODY: Caller = { kind: 'guest', customerId: '00000000-0000-7000-8000-000000000000' };

/** @throws HttpProblem 401 for guests where one must be signed in, 403 for customers where operators are asked for. */
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
