import { command, CustomerId, pageBothWays, query, service, Timestamp, withoutLimits } from '@stoa/contract-kit';
import { z } from 'zod';
import {
  CustomerFigures,
  CustomerStatistics,
  ERASE_DESCRIPTION,
  LIST_DESCRIPTION,
  ListCustomers,
  STATISTICS_DESCRIPTION,
} from './customers.js';
import { addresses } from './addresses.js';
import { events } from './events.js';
import { operators } from './operators.js';
import { recovery } from './recovery.js';
import { secondFactor } from './second-factor.js';
import { Role, signIn } from './sign-in.js';
import { DisplayName, Email, Locale, LoginName, NewPassword, Password, Phone, Username } from './words.js';

export * from './limits.js';
export { Address } from './addresses.js';
export { Role } from './sign-in.js';
export { Email, Username } from './words.js';

/** Takes no part in the rules for new names: one that was given before they changed is still in use. */
const StoredUsername = z.string();

/** A customer as they see themselves. */
export const Profile = withoutLimits(
  z.object({
    customerId: CustomerId,
    email: Email,
    emailVerified: z.boolean().optional().describe('Whether they proved to read what is sent to this address'),
    displayName: DisplayName,
    locale: Locale.nullable(),
    phone: Phone.nullable(),
    username: StoredUsername.nullable().optional().describe('Another name to sign in with; null when there is none'),
    version: z.int().positive(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  }),
);
export type Profile = z.infer<typeof Profile>;

/** A customer as operators see them. */
export const Customer = Profile.extend({ role: Role });
export type Customer = z.infer<typeof Customer>;

/** Customers, their credentials and what they say about themselves. */
export const profile = service(
  'profile',
  {
    version: 5,
    title: 'Profile',
    description: 'Customers, their credentials and what they say about themselves.',
    follows: [],
  },
  {
    register: command({
      http: 'POST /v1/customers',
      summary: 'Register a customer',
      description:
        'The response is the same where the e-mail address has an account already: whoever has it gets a mail. ' +
        'Only a shop that sends no mail answers EMAIL_TAKEN.',
      caller: 'anyone',
      key: 'command.id',
      input: z.object({
        email: Email,
        password: NewPassword,
        displayName: DisplayName,
        username: Username.optional(),
      }),
      output: Profile,
      status: 201,
      etag: 'version',
      location: '/v1/me',
      errors: { EMAIL_TAKEN: 409, USERNAME_TAKEN: 409, ABANDONED: 409 },
      since: 2,
      rateLimit: { points: 300, seconds: 60, by: 'address' },
    }),

    /** The step of register that decides, once the names are reserved for it. Nobody else may send it. */
    createCustomer: command({
      summary: 'Create a customer whose password is hashed and whose names are reserved already',
      caller: 'anyone',
      key: 'command.id',
      input: z.object({
        email: Email,
        passwordHash: z.string().max(500).meta({ writeOnly: true }),
        displayName: DisplayName,
        username: Username.optional(),
        isTaken: z.boolean().optional().describe("Whether the address is another customer's: then they get a mail"),
      }),
      output: Profile,
      errors: { EMAIL_TAKEN: 409, ABANDONED: 409 },
      since: 5,
    }),

    ...signIn,

    getMe: query({
      http: 'GET /v1/me',
      summary: 'Read my profile',
      caller: 'customer',
      input: z.object({}),
      output: Profile,
      etag: 'version',
      errors: { NOT_FOUND: 404 },
      personalData: true,
    }),

    changeMe: command({
      http: 'PATCH /v1/me',
      summary: 'Change my profile; fields that are not given stay',
      caller: 'customer',
      key: 'caller.customerId',
      input: z.object({
        displayName: DisplayName.optional(),
        locale: Locale.nullable().optional(),
        phone: Phone.nullable().optional(),
      }),
      output: Profile,
      etag: 'version',
      ifMatch: true,
      errors: { NOT_FOUND: 404 },
    }),

    changePassword: command({
      http: 'PUT /v1/me/password',
      summary: 'Change my password',
      caller: 'customer',
      key: 'caller.customerId',
      description: 'All other sessions end.',
      input: z.object({ currentPassword: Password, newPassword: NewPassword }),
      output: z.object({}),
      status: 204,
      errors: { NOT_FOUND: 404, WRONG_CREDENTIALS: 403, LOCKED_OUT: 429 },
      secretReply: true,
      endsOtherSessions: true,
    }),

    ...addresses,

    listCustomers: query({
      http: 'GET /v1/customers',
      summary: 'List customers by sign-up time, name or e-mail address',
      description: LIST_DESCRIPTION,
      since: 2,
      caller: 'operator:support',
      input: ListCustomers,
      output: pageBothWays(Customer),
    }),
    customerStatistics: query({
      http: 'GET /v1/customers/statistics',
      summary: 'Count the customers, and the sign-ups of each day',
      description: STATISTICS_DESCRIPTION,
      since: 2,
      caller: 'operator:support',
      input: CustomerStatistics,
      output: CustomerFigures,
      budgetMs: 10_000,
      rateLimit: { points: 30, seconds: 60 },
    }),

    changeEmail: command({
      http: 'PUT /v1/me/email',
      summary: 'Change my e-mail address; the old one is free for others afterwards',
      caller: 'customer',
      key: 'caller.customerId',
      description: 'All other sessions end.',
      endsOtherSessions: true,
      input: z.object({ email: Email, currentPassword: Password }),
      output: Profile,
      etag: 'version',
      errors: {
        NOT_FOUND: 404,
        WRONG_CREDENTIALS: 403,
        LOCKED_OUT: 429,
        EMAIL_TAKEN: 409,
        ABANDONED: 409,
      },
      since: 2,
    }),

    changeUsername: command({
      http: 'PUT /v1/me/username',
      summary: 'Take a username, another one, or none (null)',
      caller: 'customer',
      key: 'caller.customerId',
      freshSeconds: 600,
      input: z.object({ username: Username.nullable() }),
      output: Profile,
      etag: 'version',
      errors: { NOT_FOUND: 404, USERNAME_TAKEN: 409, ABANDONED: 409 },
      since: 2,
    }),

    /**
     * The step of changeEmail and changeUsername that decides, once both names are reserved for it. Nobody else may
     * send it.
     */
    changeLoginName: command({
      summary: 'Give a customer another name to sign in with, if they still have the one before',
      caller: 'customer',
      key: 'caller.customerId',
      input: z.object({
        kind: z.enum(['email', 'username']),
        from: LoginName.nullable(),
        to: LoginName.nullable(),
        by: z.uuid().optional().describe('The command of which it is a step'),
      }),
      output: Profile,
      errors: { NOT_FOUND: 404, ABANDONED: 409 },
      since: 4,
    }),

    eraseMe: command({
      http: 'POST /v1/me/erasure',
      summary: 'Erase my account and all that is known of me, for good',
      description: ERASE_DESCRIPTION,
      caller: 'customer',
      key: 'caller.customerId',
      input: z.object({ currentPassword: Password }),
      output: z.object({}),
      status: 204,
      errors: { NOT_FOUND: 404, WRONG_CREDENTIALS: 403, LOCKED_OUT: 429, ABANDONED: 409, IS_OPERATOR: 409 },
      since: 2,
    }),

    /**
     * The step of eraseMe that decides, once all names of the customer are reserved for it. Nobody else may send it.
     */
    eraseCustomer: command({
      summary: 'Erase a customer, if these are still the names that they sign in with',
      caller: 'customer',
      key: 'caller.customerId',
      input: z.object({ email: LoginName, username: LoginName.nullable() }),
      output: z.object({}),
      errors: { NOT_FOUND: 404, ABANDONED: 409, IS_OPERATOR: 409 },
      since: 2,
    }),

    ...recovery,
    ...operators,
    ...secondFactor,

    ...events,
  },
);
