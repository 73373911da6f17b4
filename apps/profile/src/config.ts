import { MAX_EMAIL_LENGTH, MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from '@stoa/profile-contract';
import { onOff } from '@stoa/service';
import { shardedVariables } from '@stoa/sharded-service';
import { z } from 'zod';

/** The profile service's environment. */
export const profileVariables = shardedVariables.extend({
  STOA_OPERATOR_EMAIL: z
    .email()
    .max(MAX_EMAIL_LENGTH)
    .optional()
    .describe('the operator whose account is made at start'),
  STOA_OPERATOR_PASSWORD: z
    .string()
    .min(MIN_PASSWORD_LENGTH)
    .max(MAX_PASSWORD_LENGTH)
    .optional()
    .describe(`that operator's password, at least ${MIN_PASSWORD_LENGTH} characters`),
  STOA_RESERVATION_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(600)
    .default(30)
    .describe('when a login name that a command reserved and did not use is free again; longer than commands take'),

  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\//, 'not an SMTP URL')
    .optional()
    .describe('the server that takes mail, such as smtps://user:password@host:465; without it, see MAILBOX_DIR'),
  MAILBOX_DIR: z
    .string()
    .optional()
    .describe('where SMTP_URL is not set: the folder that mails are written to; with neither, no mail is sent'),
  MAIL_FROM: z.string().default('Stoa <no-reply@stoa.local>').describe('the sender of mails'),
  MAIL_LINKS_URL: z
    .url()
    .default('http://127.0.0.1:4000')
    .describe('the page that links in mails lead to: /reset-password and /verify-email below it, with #token=…'),
  SECOND_FACTOR_KEY: z
    .string()
    .min(32, 'at least 32 characters')
    .optional()
    .describe('seals the secrets of second factors in the database; the same for all clones, needed to have any'),
  OWNER_SECOND_FACTOR: onOff(true).describe(
    'on or off: whether an owner without a second factor is a customer until they have one',
  ),
  SIGN_IN_NEEDS_VERIFIED_EMAIL: onOff(false).describe(
    'on or off: whether customers can sign in only once they used the link that was mailed to them',
  ),
  MAIL_LINK_SECRET: z
    .string()
    .min(32, 'at least 32 characters')
    .optional()
    .describe('signs the links in mails; the same for all clones, needed to send mail'),
});
export type ProfileConfig = z.output<typeof profileVariables>;
