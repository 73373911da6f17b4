import { letsIn, type Caller, type CallerRules } from '@stoa/messaging';
import { problem } from '../http/problem.js';

/** The caller of a verified token. */
export type Identity =
  | { readonly kind: 'guest'; readonly customerId: string }
  | {
      readonly kind: 'customer' | 'operator';
      readonly customerId: string;
      /** The sign-in that the token comes from: revoked as a whole. */
      readonly sessionId: string;
      /** Of an operator who is no owner. */
      readonly roles?: readonly string[];
      /** When the caller gave their password, in seconds since the epoch; 0 where the token does not say. */
      readonly provedAt: number;
    };

/** The caller as services see it. */
export const callerOf = (identity: Identity): Caller => {
  const { kind, customerId } = identity;
  const roles = 'roles' in identity ? identity.roles : undefined;
  return kind === 'operator' && roles ? { kind, customerId, roles } : { kind, customerId };
};

/** A caller as events and logs name it. */
export const whoIs = ({ kind, customerId }: Identity): string => `${kind} ${customerId}`;

/** The customer id of no customer. Ids of commands without a caller follow from it. */
export const NOBODY_ID = '00000000-0000-7000-8000-000000000000';

/** The caller of queries whose response is the same for everybody: no service can make it personal. */
export const NOBODY: Caller = { kind: 'guest', customerId: NOBODY_ID };

/**
 * @throws HttpProblem 401 for guests where one must be signed in, 403 for customers where one must be an operator, and
 *   for operators of other roles
 */
export function checkCaller(rules: CallerRules, identity: Identity | undefined): void {
  if (rules.caller === 'anyone') return;
  if (identity === undefined || identity.kind === 'guest') {
    throw problem('UNAUTHENTICATED', 'Sign in (POST /v1/sessions) and send the access token as Authorization: Bearer', {
      headers: { 'www-authenticate': 'Bearer' },
    });
  }
  if (letsIn(rules, callerOf(identity))) return;
  const who = rules.role === undefined ? '' : rules.role === 'owner' ? ' who are owners' : ` of the role ${rules.role}`;
  throw problem('FORBIDDEN', `Only operators of the shop${who} may do this`);
}

/**
 * Whatever is sensitive asks for the password again, if the caller has not given it lately (RFC 9470).
 * @throws HttpProblem 401
 */
export function checkFresh(freshSeconds: number | undefined, identity: Identity | undefined): void {
  if (freshSeconds === undefined || !identity || identity.kind === 'guest') return;
  if (identity.provedAt + freshSeconds >= Date.now() / 1000) return;
  const detail =
    'Give your password again (POST /v1/sessions/current/proof), and send the access token of its response';
  const challenge = `Bearer error="insufficient_user_authentication", max_age="${freshSeconds}"`;
  throw problem('REAUTHENTICATION_REQUIRED', detail, { headers: { 'www-authenticate': challenge } });
}
