import { MAX_EMAIL_LENGTH, MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from '@stoa/profile-contract';
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
});
export type ProfileConfig = z.output<typeof profileVariables>;
