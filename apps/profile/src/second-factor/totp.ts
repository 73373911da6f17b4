import { hash, randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';

const PERIOD_SECONDS = 30;
/** Codes of the step before and the one behind are taken too: clocks differ (RFC 6238, 5.2). */
const WINDOW = 1;
const RECOVERY_CODES = 10;

const totpOf = (secret: string, label = ''): TOTP =>
  new TOTP({ issuer: 'Stoa', label, secret: Secret.fromBase32(secret), period: PERIOD_SECONDS });

/** A new secret: 160 bits in base32, as RFC 4226 wants. */
export const newSecret = (): string => new Secret({ size: 20 }).base32;

/** The secret as an authenticator app reads it from a QR code. */
export const uriOf = (secret: string, label: string): string => totpOf(secret, label).toString();

/** @returns the time step of a right code, which is to be taken once; undefined: it is wrong. */
export function stepOf(secret: string, code: string, now: Date): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const timestamp = now.getTime();
  const delta = totpOf(secret).validate({ token: code, timestamp, window: WINDOW });
  return delta === null ? undefined : Math.floor(timestamp / 1000 / PERIOD_SECONDS) + delta;
}

/** Of 80 random bits each: nobody guesses one from its hash. */
export const newRecoveryCodes = (): string[] =>
  Array.from({ length: RECOVERY_CODES }, () =>
    randomBytes(10)
      .toString('hex')
      .replace(/(.{5})(?=.)/g, '$1-'),
  );

/** Of a recovery code, however it was typed. */
export const hashOfCode = (code: string): string =>
  hash('sha256', code.toLowerCase().replaceAll(/[\s-]/g, ''), 'base64');
