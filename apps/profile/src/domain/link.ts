import { hash } from 'node:crypto';

/** The purposes of mailed links, each for one thing that its reader may do. */
export type LinkPurpose = 'reset-password' | 'verify-email';

/** A link as its signed token names it. */
export interface Link {
  readonly customerId: string;
  readonly linkId: string;
  readonly purpose: LinkPurpose;
  readonly expiresAt: Date;
}

/** Short where a link opens an account: OWASP's cheat sheet on forgotten passwords asks for no more than needed. */
const MINUTES: Readonly<Record<LinkPurpose, number>> = { 'reset-password': 60, 'verify-email': 24 * 60 };

/** When a link that is made now expires; in whole seconds, as tokens count. */
export const linkExpiry = (purpose: LinkPurpose, now: Date): Date =>
  new Date(Math.floor(now.getTime() / 1000) * 1000 + MINUTES[purpose] * 60_000);

/** Of a token: all that is kept of it. */
export const hashOfToken = (token: string): string => hash('sha256', token, 'base64url');
