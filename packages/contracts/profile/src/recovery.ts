import { command, CustomerId } from '@stoa/contract-kit';
import { z } from 'zod';
import { Email, NewPassword } from './words.js';

/** Longer than any link's token is. */
const MAX_TOKEN_LENGTH = 1_000;

/** The token of a link that was mailed. */
const LinkToken = z
  .string()
  .min(1)
  .max(MAX_TOKEN_LENGTH)
  .meta({ writeOnly: true, description: 'As the link carries it, behind `#token=`' });

/** Of the token, in base64url: shows that whoever sends the step has seen it. */
const TokenHash = z.string().max(100).meta({ writeOnly: true });

const LINK_ENDED = `A link is used once and ends: one that was used, has ended, was sent to an address that is not the account's any \
more, or never was, is refused as LINK_ENDED.`;

const RESET_DESCRIPTION = `The response is the same, and as fast, whoever has an account. If somebody has one with this address, a mail \
with a link is on its way, which ends after an hour; at most one a minute. MAIL_OFF: this shop sends no mail.`;

const linkErrors = { LINK_ENDED: 410 } as const;

/** Mailed links: they prove who reads an address, and let them set another password. */
export const recovery = {
  requestPasswordReset: command({
    http: 'POST /v1/password-resets',
    summary: 'Have a link mailed that sets another password',
    description: RESET_DESCRIPTION,
    caller: 'anyone',
    key: 'command.id',
    input: z.object({ email: Email }),
    output: z.object({}),
    status: 202,
    errors: { MAIL_OFF: 503 },
    since: 4,
    rateLimit: { points: 30, seconds: 60, by: 'address' },
  }),

  resetPassword: command({
    http: 'POST /v1/password-resets/use',
    summary: 'Set another password with a mailed link; ends all sessions of the account',
    description: `${LINK_ENDED} It proves the address too.`,
    caller: 'anyone',
    key: 'command.id',
    input: z.object({ token: LinkToken, newPassword: NewPassword }),
    output: z.object({}),
    status: 204,
    errors: linkErrors,
    since: 4,
    rateLimit: { points: 30, seconds: 60, by: 'address' },
  }),

  /** The step of resetPassword that decides, in the bucket of the link's customer. Nobody else may send it. */
  setResetPassword: command({
    summary: 'Use up a link and set the password, which is hashed already',
    caller: 'anyone',
    key: 'input.customerId',
    input: z.object({
      customerId: CustomerId,
      linkId: z.uuid(),
      tokenHash: TokenHash,
      passwordHash: z.string().max(500).meta({ writeOnly: true }),
    }),
    output: z.object({}),
    errors: linkErrors,
    since: 4,
  }),

  sendVerification: command({
    http: 'POST /v1/me/email-verification',
    summary: 'Have a link mailed to me that verifies my e-mail address',
    description: 'At most one a minute, and none when the address is verified: the response is the same.',
    caller: 'customer',
    key: 'caller.customerId',
    input: z.object({}),
    output: z.object({}),
    status: 202,
    errors: { NOT_FOUND: 404, MAIL_OFF: 503 },
    since: 4,
    rateLimit: { points: 30, seconds: 3_600 },
  }),

  verifyEmail: command({
    http: 'POST /v1/email-verifications',
    summary: 'Verify an e-mail address with a mailed link',
    description: LINK_ENDED,
    caller: 'anyone',
    key: 'command.id',
    input: z.object({ token: LinkToken }),
    output: z.object({}),
    status: 204,
    errors: linkErrors,
    since: 4,
    rateLimit: { points: 60, seconds: 60, by: 'address' },
  }),

  /** The step of verifyEmail that decides, in the bucket of the link's customer. Nobody else may send it. */
  confirmEmail: command({
    summary: 'Use up a link and verify the address that it was sent to',
    caller: 'anyone',
    key: 'input.customerId',
    input: z.object({ customerId: CustomerId, linkId: z.uuid(), tokenHash: TokenHash }),
    output: z.object({}),
    errors: linkErrors,
    since: 4,
  }),
};
