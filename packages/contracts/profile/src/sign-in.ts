import { command, CustomerId, event, query, Timestamp, withoutLimits } from '@stoa/contract-kit';
import { z } from 'zod';
import { MAX_PASSWORD_LENGTH } from './limits.js';
import { SecondFactorCode } from './second-factor.js';
import { DisplayName, Email, LoginName, Password, Username } from './words.js';

/** Operators are customers who may run the shop. */
export const Role = z.enum(['customer', 'operator']);

const Network = z.string().max(64).describe('An address of IPv4, or the /64 of one of IPv6');
/** Where a sign-in comes from, as the gateway sees it. */
const SignInSource = z.object({
  network: Network,
  device: z
    .object({ id: z.string().max(64), customerId: CustomerId })
    .optional()
    .describe('One that signed in before, and to whose account'),
});
const Notice = z.object({
  kind: z.string().describe('sign-ins-locked: wrong passwords locked somebody out, who is not you if you are here'),
  at: Timestamp,
  network: Network.nullable().describe('Where it came from; null where that is not known'),
});

/** Signing in: credentials, notices of wrong ones, how strong a password is. */
export const signIn = {
  /** The one operation that the gateway knows by name: it issues the tokens. */
  checkCredentials: command({
    summary: 'Check a login name and password; counts failures and locks out for a while where they come from',
    description: 'The field `email` takes an e-mail address or a username: only addresses have an @.',
    caller: 'anyone',
    key: 'input.email',
    input: z.object({
      email: LoginName,
      password: Password,
      from: SignInSource.optional(),
      code: SecondFactorCode.optional(),
    }),
    output: withoutLimits(
      z.object({
        customerId: CustomerId,
        role: Role,
        roles: z
          .array(z.string())
          .optional()
          .describe('Of an operator; `role` says operator of owners only. Left out for those who never were one'),
        displayName: DisplayName,
        version: z.int().positive().optional().describe('Of the customer; events that end earlier sessions compare it'),
      }),
    ),
    errors: { WRONG_CREDENTIALS: 401, LOCKED_OUT: 429, SECOND_FACTOR_REQUIRED: 401, SECOND_FACTOR_WRONG: 401 },
    // Every attempt is a new command: a stored reply would let a lock-out be bypassed.
    secretReply: true,
    since: 4,
  }),

  /** The gateway knows it by name as well: it notes when somebody who is signed in was asked for their password. */
  provePassword: command({
    summary: 'Check the password of somebody who is signed in, and the second factor where they have one',
    caller: 'customer',
    key: 'caller.customerId',
    input: z.object({ password: Password, code: SecondFactorCode.optional() }),
    output: z.object({}),
    errors: {
      NOT_FOUND: 404,
      WRONG_CREDENTIALS: 403,
      LOCKED_OUT: 429,
      SECOND_FACTOR_REQUIRED: 403,
      SECOND_FACTOR_WRONG: 403,
    },
    secretReply: true,
    since: 4,
  }),

  /** The step of changePassword that decides, once both passwords are hashed. Nobody else may send it. */
  replacePassword: command({
    summary: 'Set another password, if the one before is still that of this hash',
    caller: 'customer',
    key: 'caller.customerId',
    input: z.object({
      oldHash: z.string().max(500).meta({ writeOnly: true }),
      newHash: z.string().max(500).meta({ writeOnly: true }),
      by: z.uuid().describe('The command of which it is a step'),
    }),
    output: z.object({}),
    errors: { NOT_FOUND: 404, WRONG_CREDENTIALS: 403 },
    since: 4,
  }),

  /** The step of checkCredentials for the owner of an account that somebody was locked out of. */
  noteSignInsLocked: command({
    summary: 'Notify a customer that wrong passwords locked somebody out of their account',
    caller: 'anyone',
    key: 'input.customerId',
    input: z.object({ customerId: CustomerId, network: Network.nullable() }),
    output: z.object({}),
    since: 4,
  }),

  listMyNotices: query({
    http: 'GET /v1/me/notices',
    summary: 'What I should know about the safety of my account, the newest first',
    caller: 'customer',
    input: z.object({}),
    output: withoutLimits(z.object({ items: z.array(Notice).describe('The last 20') })),
    errors: { NOT_FOUND: 404 },
    since: 4,
    personalData: true,
  }),

  passwordStrength: query({
    http: 'POST /v1/passwords/strength',
    summary: 'Say how strong a password is, and whether it may be chosen',
    description: 'Nothing is stored. Give the names as they are to be registered: a password must not be made of them.',
    caller: 'anyone',
    input: z.object({
      password: z.string().min(1).max(MAX_PASSWORD_LENGTH).meta({ writeOnly: true }),
      email: Email.optional(),
      displayName: DisplayName.optional(),
      username: Username.optional(),
    }),
    output: z.object({
      score: z.int().describe('0 (guessed at once) to 4 (not guessed at all)'),
      accepted: z.boolean().describe('Whether it may be chosen'),
      problem: z.string().nullable().describe('What is wrong with it and what to do; null if it may be chosen'),
    }),
    since: 4,
    rateLimit: { points: 60, seconds: 60, by: 'address' },
  }),

  signInsLocked: event({
    summary: 'Wrong passwords locked somebody out of an account',
    key: 'customerId',
    data: withoutLimits(z.object({ customerId: CustomerId, network: Network.nullable(), lockedAt: Timestamp })),
    since: 4,
  }),
};
