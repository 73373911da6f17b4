import { shardedVariables } from '@stoa/sharded-service';
import { z } from 'zod';

/** The profile service's environment. */
export const profileVariables = shardedVariables.extend({
  STOA_OPERATOR_EMAIL: z.email().max(254).optional().describe('the operator whose account is made at start'),
  STOA_OPERATOR_PASSWORD: z.string().min(10).max(200).optional().describe('at least 10 characters'),
  STOA_RESERVATION_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(600)
    .default(30)
    .describe(
      'after which a login name that a command reserved, and did nothing with, is free again; longer than commands take',
    ),
});
export type ProfileConfig = z.output<typeof profileVariables>;
