import { command, query } from '@stoa/contract-kit';
import { z } from 'zod';
import { Password } from './words.js';

/** A code of an authenticator app, or a recovery code. */
export const SecondFactorCode = z.string().min(6).max(40).meta({
  writeOnly: true,
  description: 'Six digits of the authenticator app, or a recovery code; each is taken once',
});

const ERRORS = { NOT_FOUND: 404, WRONG_CREDENTIALS: 403, LOCKED_OUT: 429 } as const;

/** An authenticator app (TOTP, RFC 6238) beside the password. */
export const secondFactor = {
  getSecondFactor: query({
    http: 'GET /v1/me/second-factor',
    summary: 'Whether my sign-ins need a second factor',
    caller: 'customer',
    input: z.object({}),
    output: z.object({ on: z.boolean(), recoveryCodesLeft: z.int().min(0) }),
    since: 4,
  }),

  enrolSecondFactor: command({
    http: 'POST /v1/me/second-factor',
    summary: 'Get a secret for an authenticator app; shown once, in use once it is confirmed',
    description: 'SECOND_FACTOR_OFF: this shop has no key to seal secrets with.',
    caller: 'customer',
    key: 'caller.customerId',
    input: z.object({ currentPassword: Password }),
    output: z.object({ secret: z.string(), uri: z.string().describe('otpauth://…, for a QR code') }),
    status: 201,
    errors: { ...ERRORS, SECOND_FACTOR_IS_ON: 409, SECOND_FACTOR_OFF: 503 },
    secretReply: true,
    since: 4,
  }),

  confirmSecondFactor: command({
    http: 'POST /v1/me/second-factor/confirmation',
    summary: 'Turn the second factor on with a code of it; gives recovery codes, once',
    caller: 'customer',
    key: 'caller.customerId',
    input: z.object({ code: SecondFactorCode }),
    output: z.object({ recoveryCodes: z.array(z.string()) }),
    errors: { SECOND_FACTOR_WRONG: 403, LOCKED_OUT: 429, NOT_FOUND: 404, SECOND_FACTOR_IS_ON: 409 },
    secretReply: true,
    since: 4,
  }),

  removeSecondFactor: command({
    http: 'POST /v1/me/second-factor/removal',
    summary: 'Turn the second factor off, with the password and a code',
    caller: 'customer',
    key: 'caller.customerId',
    input: z.object({ currentPassword: Password, code: SecondFactorCode }),
    output: z.object({}),
    status: 204,
    errors: { ...ERRORS, SECOND_FACTOR_WRONG: 403 },
    secretReply: true,
    since: 4,
  }),
};
