import { command, CustomerId, event, pageBothWays, query, service, Timestamp, withoutLimits } from '@stoa/contract-kit';
import { z } from 'zod';
import {
  CustomerFigures,
  CustomerStatistics,
  ERASE_DESCRIPTION,
  LIST_DESCRIPTION,
  ListCustomers,
  STATISTICS_DESCRIPTION,
} from './customers.js';
import {
  MAX_DISPLAY_NAME_LENGTH,
  MAX_EMAIL_LENGTH,
  MAX_NEW_PASSWORD_LENGTH,
  MAX_PASSWORD_LENGTH,
  MIN_PASSWORD_LENGTH,
} from './limits.js';

export * from './limits.js';

/** An e-mail address that is registered or changed to. */
export const Email = z
  .email('an e-mail address such as ada@example.com')
  .max(MAX_EMAIL_LENGTH)
  .describe('Compared without regard to case');
/** `writeOnly` keeps it out of logs and of the inbox's body hash. */
const NewPassword = z
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
const Password = z.string().max(MAX_PASSWORD_LENGTH).meta({ writeOnly: true });
/** An e-mail address or a username, as it was typed or stored. */
const LoginName = z.string().max(MAX_EMAIL_LENGTH);
const DisplayName = z.string().trim().min(1).max(MAX_DISPLAY_NAME_LENGTH);
const Locale = z.string().regex(/^[a-z]{2,3}(-[A-Z]{2})?$/, 'a language tag such as de or de-CH');
const Phone = z.string().regex(/^\+[1-9]\d{4,14}$/, 'E.164, such as +41446681800');

/** Operators are customers who may run the shop. */
export const Role = z.enum(['customer', 'operator']);

/** Takes no part in the rules for new names: one that was given before they changed is still in use. */
const StoredUsername = z.string();

/** A customer as they see themselves. */
export const Profile = withoutLimits(
  z.object({
    customerId: CustomerId,
    email: Email,
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
  { version: 4, title: 'Profile', description: 'Customers, their credentials and what they say about themselves.' },
  {
    register: command({
      http: 'POST /v1/customers',
      summary: 'Register a customer',
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
      rateLimit: { points: 300, seconds: 60 },
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
      }),
      output: Profile,
      errors: { EMAIL_TAKEN: 409, ABANDONED: 409 },
      since: 2,
    }),

    /** The one operation that the gateway knows by name: it issues the tokens. */
    checkCredentials: command({
      summary: 'Check a login name and password; counts failures and locks the account out for a while',
      description: 'The field `email` takes an e-mail address or a username: only addresses have an @.',
      caller: 'anyone',
      key: 'input.email',
      input: z.object({ email: LoginName, password: Password }),
      output: withoutLimits(z.object({ customerId: CustomerId, role: Role, displayName: DisplayName })),
      errors: { WRONG_CREDENTIALS: 401, LOCKED_OUT: 429 },
      // Every attempt is a new command: a stored reply would let a lock-out be bypassed.
      secretReply: true,
    }),

    getMe: query({
      http: 'GET /v1/me',
      summary: 'Read my profile',
      caller: 'customer',
      input: z.object({}),
      output: Profile,
      etag: 'version',
      errors: { NOT_FOUND: 404 },
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
      input: z.object({ currentPassword: Password, newPassword: NewPassword }),
      output: z.object({}),
      status: 204,
      errors: { NOT_FOUND: 404, WRONG_CREDENTIALS: 403, LOCKED_OUT: 429 },
      secretReply: true,
    }),

    passwordStrength: query({
      http: 'POST /v1/passwords/strength',
      summary: 'Say how strong a password is, and whether it may be chosen',
      description:
        'Nothing is stored. Give the names as they are to be registered: a password must not be made of them.',
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
      rateLimit: { points: 60, seconds: 60 },
    }),

    listCustomers: query({
      http: 'GET /v1/customers',
      summary: 'List customers by sign-up time, name or e-mail address',
      description: LIST_DESCRIPTION,
      since: 2,
      caller: 'operator',
      input: ListCustomers,
      output: pageBothWays(Customer),
    }),
    customerStatistics: query({
      http: 'GET /v1/customers/statistics',
      summary: 'Count the customers, and the sign-ups of each day',
      description: STATISTICS_DESCRIPTION,
      since: 2,
      caller: 'operator',
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
      }),
      output: Profile,
      errors: { NOT_FOUND: 404, ABANDONED: 409 },
      since: 2,
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
      errors: { NOT_FOUND: 404, WRONG_CREDENTIALS: 403, LOCKED_OUT: 429, ABANDONED: 409 },
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
      errors: { NOT_FOUND: 404, ABANDONED: 409 },
      since: 2,
    }),

    customerRegistered: event({
      summary: 'A customer registered',
      key: 'customerId',
      data: withoutLimits(z.object({ customerId: CustomerId, displayName: DisplayName, registeredAt: Timestamp })),
    }),
    profileChanged: event({
      summary: 'A customer changed their profile',
      key: 'customerId',
      data: withoutLimits(z.object({ customerId: CustomerId, displayName: DisplayName, changedAt: Timestamp })),
    }),
    /** Whoever keeps anything about a customer deletes it now. Holds nothing about them but the id. */
    customerErased: event({
      summary: 'A customer was erased: their sessions end, and everything kept about them is to be deleted',
      key: 'customerId',
      data: z.object({ customerId: CustomerId, erasedAt: Timestamp }),
      endsSessions: true,
      since: 2,
    }),
    /** For this service itself. It holds no name, because events are kept for days. */
    namesDecided: event({
      summary: 'A command that had reserved login names was decided: they can be confirmed or released',
      key: 'token',
      data: z.object({
        token: z.uuid().describe('The command that reserved them'),
        customerId: CustomerId,
        buckets: z.array(z.int().min(0)).describe("The names' buckets in the lookup keyspace"),
      }),
      since: 2,
    }),
  },
);
