import { command, CustomerId, event, pageBothWays, query, service, Timestamp } from '@stoa/contract-kit';
import { z } from 'zod';
import {
  CustomerFigures,
  CustomerStatistics,
  LIST_DESCRIPTION,
  ListCustomers,
  STATISTICS_DESCRIPTION,
} from './customers.js';

export const Email = z
  .email('an e-mail address such as ada@example.com')
  .max(254)
  .describe('Compared without regard to case');
/** 10 to 200 characters; writeOnly keeps it out of logs and of the inbox's body hash. */
const NewPassword = z.string().min(10).max(200).meta({ writeOnly: true });
const DisplayName = z.string().trim().min(1).max(100);
const Locale = z.string().regex(/^[a-z]{2,3}(-[A-Z]{2})?$/, 'a language tag such as de or de-CH');
const Phone = z.string().regex(/^\+[1-9]\d{4,14}$/, 'E.164, such as +41446681800');

export const Role = z.enum(['customer', 'operator']);

export const Profile = z.object({
  customerId: CustomerId,
  email: Email,
  displayName: DisplayName,
  locale: Locale.nullable(),
  phone: Phone.nullable(),
  version: z.int().positive(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Profile = z.infer<typeof Profile>;

/** A customer as operators see them. */
export const Customer = Profile.extend({ role: Role });
export type Customer = z.infer<typeof Customer>;

/** Customers, their credentials and what they say about themselves. */
export const profile = service(
  'profile',
  { version: 2, title: 'Profile', description: 'Customers, their credentials and what they say about themselves.' },
  {
    register: command({
      http: 'POST /v1/customers',
      summary: 'Register a customer',
      caller: 'anyone',
      key: 'command.id',
      input: z.object({ email: Email, password: NewPassword, displayName: DisplayName }),
      output: Profile,
      status: 201,
      etag: 'version',
      location: '/v1/me',
      errors: { EMAIL_TAKEN: 409 },
      rateLimit: { points: 300, seconds: 60 },
    }),

    /** The step of register that has a transaction: hashing takes too long to hold one open. */
    createCustomer: command({
      summary: 'Create a customer whose password is hashed already',
      caller: 'anyone',
      key: 'command.id',
      input: z.object({
        email: Email,
        passwordHash: z.string().max(500).meta({ writeOnly: true }),
        displayName: DisplayName,
      }),
      output: Profile,
      errors: { EMAIL_TAKEN: 409 },
    }),

    /** The one operation that the gateway knows by name: it issues the tokens. */
    checkCredentials: command({
      summary: 'Check an e-mail address and password; counts failures and locks the account out for a while',
      caller: 'anyone',
      key: 'input.email',
      input: z.object({ email: z.string().max(254), password: z.string().max(200).meta({ writeOnly: true }) }),
      output: z.object({ customerId: CustomerId, role: Role, displayName: DisplayName }),
      errors: { WRONG_CREDENTIALS: 401, LOCKED_OUT: 429 },
      // Every attempt is a new command: a stored answer would let a lock-out be bypassed.
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
      input: z.object({ currentPassword: z.string().max(200).meta({ writeOnly: true }), newPassword: NewPassword }),
      output: z.object({}),
      status: 204,
      errors: { NOT_FOUND: 404, WRONG_CREDENTIALS: 403, LOCKED_OUT: 429 },
      secretReply: true,
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

    customerRegistered: event({
      summary: 'A customer registered',
      key: 'customerId',
      data: z.object({ customerId: CustomerId, displayName: DisplayName, registeredAt: Timestamp }),
    }),
    profileChanged: event({
      summary: 'A customer changed their profile',
      key: 'customerId',
      data: z.object({ customerId: CustomerId, displayName: DisplayName, changedAt: Timestamp }),
    }),
  },
);
