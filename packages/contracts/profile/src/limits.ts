/**
 * The business limits of customers, each written once. Inputs, the service's rules and its settings import them;
 * outputs and events carry none, so that a limit can be changed (README, "Change a limit"). Lengths are in characters.
 */

/** The longest address that SMTP carries (RFC 5321). */
export const MAX_EMAIL_LENGTH = 254;
/** Of a new password. */
export const MIN_PASSWORD_LENGTH = 10;
/** Of a new password. */
export const MAX_NEW_PASSWORD_LENGTH = 128;
/** Of a password in an input: what was set before there was a lower limit still signs in. */
export const MAX_PASSWORD_LENGTH = 200;
/** Of a customer. */
export const MAX_DISPLAY_NAME_LENGTH = 100;
