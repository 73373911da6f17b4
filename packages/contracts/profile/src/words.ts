import { z } from 'zod';
import {
  MAX_DISPLAY_NAME_LENGTH,
  MAX_EMAIL_LENGTH,
  MAX_NEW_PASSWORD_LENGTH,
  MAX_PASSWORD_LENGTH,
  MIN_PASSWORD_LENGTH,
} from './limits.js';

/** An e-mail address that is registered or changed to. */
export const Email = z
  .email('an e-mail address such as ada@example.com')
  .max(MAX_EMAIL_LENGTH)
  .describe('Compared without regard to case');
/** One that is set; `writeOnly` keeps it out of logs and of the inbox's body hash. */
export const NewPassword = z
  .string()
  .min(MIN_PASSWORD_LENGTH)
  .max(MAX_PASSWORD_LENGTH)
  .meta({
    writeOnly: true,
    description: `${MIN_PASSWORD_LENGTH} to ${MAX_NEW_PASSWORD_LENGTH} characters of any kind; none of those that are guessed first, nor made of the own names. POST /v1/passwords/strength says of one whether it fits.`,
  });
/** Has no @, so that it can't be taken for an e-mail address. */
export const Username = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_.-]{2,29}$/,
    '3 to 30 letters, digits, dots, dashes or underscores, beginning with a letter',
  )
  .describe('Compared without regard to case');
/** One that was set before, by whatever rules. */
export const Password = z.string().max(MAX_PASSWORD_LENGTH).meta({ writeOnly: true });
/** An e-mail address or a username, as it was typed or stored. */
export const LoginName = z.string().max(MAX_EMAIL_LENGTH);
/** As others are shown it. */
export const DisplayName = z.string().trim().min(1).max(MAX_DISPLAY_NAME_LENGTH);
/** A language, perhaps of a country. */
export const Locale = z.string().regex(/^[a-z]{2,3}(-[A-Z]{2})?$/, 'a language tag such as de or de-CH');
/** A telephone number. */
export const Phone = z.string().regex(/^\+[1-9]\d{4,14}$/, 'E.164, such as +41446681800');
