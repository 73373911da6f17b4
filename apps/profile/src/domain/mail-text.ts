import type { LinkPurpose } from './link.js';

/** The kinds of mails that report something. */
export type Notice = 'password-was-reset' | 'password-was-changed' | 'email-was-changed' | 'sign-ins-locked';
/** The kinds of mails with a link to reset the password. */
export type ResetMail = 'reset-password' | 'registered-again';
/** The kinds of mails with a link. */
export type LinkMail = LinkPurpose | ResetMail;
export type MailKind = Notice | LinkMail;

/** The purpose of the link in a mail that has one. */
export const purposeOf = (kind: LinkMail): LinkPurpose => (kind === 'registered-again' ? 'reset-password' : kind);

/** Subject and text of a mail. */
export interface MailText {
  readonly subject: string;
  readonly text: string;
}

/**
 * Holds nothing that the customer chose, such as their name: else anybody could have this shop send a text of theirs to
 * any address, by registering it.
 */
const TEXTS: Readonly<Record<MailKind, readonly [subject: string, ...paragraphs: string[]]>> = {
  'reset-password': [
    'Set another password',
    'Somebody, most likely you, asked to set another password for your account. This link does it, once, for an hour:',
    '{link}',
    'If it was not you, do nothing: your password stays as it is.',
  ],
  'registered-again': [
    'You have an account already',
    'Somebody, most likely you, registered with this e-mail address, which has an account already. Sign in to it. If you do not know its password any more, this link sets another one, once, for an hour:',
    '{link}',
    'If it was not you, do nothing: your account stays as it is, and nobody learned that you have it.',
  ],
  'verify-email': [
    'Verify your e-mail address',
    'An account was given this e-mail address. This link, which ends after a day, says that it is yours:',
    '{link}',
    'If you have no such account, do nothing.',
  ],
  'password-was-reset': [
    'Your password was reset',
    'Another password was set for your account, with a link that had been mailed to you. All sessions were ended.',
    'If it was not you, somebody reads your mail: secure it, then reset the password again.',
  ],
  'password-was-changed': [
    'Your password was changed',
    'Another password was set for your account. All other sessions were ended.',
    'If it was not you, reset the password at once.',
  ],
  'sign-ins-locked': [
    'Wrong passwords for your account',
    'Somebody gave wrong passwords for your account until they were locked out.',
    'You can still sign in on devices that you used before, and sessions that you have go on.',
    'If it was not you, you need do nothing: your password was not guessed.',
  ],
  'email-was-changed': [
    'Your e-mail address was changed',
    'Your account has another e-mail address from now on. This is the last mail to this one.',
    'If it was not you, tell the shop.',
  ],
};

/** @param link the URL in it; of a kind that has none, undefined. */
export function mailText(kind: MailKind, link: string | undefined): MailText {
  const [subject, ...paragraphs] = TEXTS[kind];
  return { subject, text: `${paragraphs.join('\n\n').replace('{link}', () => link ?? '')}\n` };
}
