import { command, CustomerId, pageLimit, query, service, Timestamp } from '@stoa/contract-kit';
import { z } from 'zod';

/** The service name of the builtin operations. */
export const BUILTIN_SERVICE = 'gateway';

const Secret = (description: string) => z.string().min(1).max(4_000).meta({ writeOnly: true, description });

const Tokens = z.object({
  accessToken: z.string().describe('Send it as Authorization: Bearer; valid for ten minutes'),
  refreshToken: z.string().describe('Gives the next pair of tokens, once'),
  tokenType: z.literal('Bearer'),
  expiresIn: z.int().describe('Seconds until the access token expires'),
  customerId: CustomerId,
  role: z.enum(['customer', 'operator']),
  roles: z.array(z.string()).optional().describe('Of an operator'),
  displayName: z.string(),
  deviceToken: z
    .string()
    .optional()
    .describe('Keep it for the next sign-in: wrong passwords of others then lock out nobody here'),
});

const SessionShape = z.object({
  sessionId: z.uuid(),
  isCurrent: z.boolean().describe('The one of this access token'),
  startedAt: Timestamp,
  usedAt: Timestamp.nullable().describe('When its tokens were refreshed last'),
  expiresAt: Timestamp.describe('If it is not used until then'),
  address: z.string().nullable().describe('Of the sign-in'),
  userAgent: z.string().nullable().describe('The program that signed in, as it called itself'),
});

const ContractState = z.object({
  service: z.string(),
  version: z.int(),
  title: z.string(),
  operations: z.int().min(0).describe('How many it has'),
});

const RefusedContract = z.object({
  service: z.string(),
  version: z.int().nullable(),
  reasons: z.array(z.string()).describe('What would break'),
  at: Timestamp,
});

const AuditEntry = z.object({
  id: z.uuid(),
  at: Timestamp,
  operatorId: CustomerId,
  kind: z.enum(['command', 'query']),
  operation: z.string().describe('service.operation'),
  input: z.record(z.string(), z.unknown()).describe('Without secrets; of one beyond 16 KiB the names of its fields'),
  address: z.string().describe("The client's"),
  traceId: z.string(),
  status: z.int().nullable().describe('Of the response; null while it is under way, or if the gateway died'),
  errorCode: z.string().nullable(),
});

const PersonalData = z.object({
  customerId: CustomerId,
  gatheredAt: Timestamp,
  services: z.array(
    z.object({
      service: z.string(),
      title: z.string(),
      operation: z.string(),
      data: z.record(z.string(), z.unknown()).nullable().describe('Null where the service knows nothing of them'),
    }),
  ),
  sessions: z.array(z.record(z.string(), z.unknown())).describe('That were not deleted yet'),
  operatorActions: z
    .array(AuditEntry.pick({ id: true, at: true, kind: true, operation: true, status: true }))
    .describe('Of operators, about this customer: the latest thousand'),
});
const PERSONAL_DATA =
  'All that the shop holds, asked of each service whose contract declares a query as personalData. A service that is ' +
  'unavailable fails the request: a document that lacks something would not say so.';

/**
 * The builtin operations: those that the gateway runs itself, not over Kafka. They are declared as every service
 * declares its operations, so that routes, validation, caller rules, rate limits and documentation follow from the
 * contract too.
 */
export const builtinContract = service(
  BUILTIN_SERVICE,
  {
    version: 2,
    title: 'Gateway',
    description: 'Guests, sessions, what operators did, and what the gateway knows of the services.',
  },
  {
    startGuest: command({
      http: 'POST /v1/guests',
      summary: 'Get an identity without signing in: a cart can be filled with its token',
      caller: 'anyone',
      key: 'command.id',
      input: z.object({}),
      output: z.object({ guestId: CustomerId, token: z.string(), expiresAt: Timestamp }),
      status: 201,
    }),
    signIn: command({
      http: 'POST /v1/sessions',
      summary: "Sign in; a guest's token sent along brings the guest's cart",
      caller: 'anyone',
      key: 'command.id',
      input: z.object({
        email: z.string().min(1).max(254),
        password: Secret('Of the customer').max(200),
        deviceToken: Secret('As the last sign-in on this device gave it').optional(),
        code: Secret('Of the authenticator app, where the account has one, or a recovery code').max(40).optional(),
      }),
      output: Tokens,
      status: 201,
      errors: { WRONG_CREDENTIALS: 401, LOCKED_OUT: 429, SECOND_FACTOR_REQUIRED: 401, SECOND_FACTOR_WRONG: 401 },
      rateLimit: { points: 120, seconds: 60, by: 'address' },
    }),
    refreshSession: command({
      http: 'POST /v1/sessions/refresh',
      summary: 'Exchange a refresh token for the next pair of tokens',
      description:
        'Each refresh token is used once. Using one again ends the session, except within ten seconds while its successor is unused: then the same successor is answered again.',
      caller: 'anyone',
      key: 'command.id',
      input: z.object({ refreshToken: Secret('As the last sign-in or refresh gave it') }),
      output: Tokens,
      status: 201,
      rateLimit: { points: 600, seconds: 60, by: 'address' },
    }),
    signOut: command({
      http: 'DELETE /v1/sessions/current',
      summary: 'Sign out: ends the session that the access token belongs to',
      caller: 'customer',
      key: 'command.id',
      input: z.object({}),
      output: z.object({}),
      status: 204,
    }),
    listAudit: query({
      http: 'GET /v1/audit',
      summary: 'Read what operators did, the latest first',
      caller: 'operator:owner',
      input: z.object({
        operatorId: CustomerId.optional(),
        customerId: CustomerId.optional().describe('Whom the input names'),
        cursor: z.uuid().optional().describe('As `next` of the page before'),
        limit: pageLimit(100),
      }),
      output: z.object({ items: z.array(AuditEntry), next: z.uuid().nullable() }),
      since: 2,
    }),
    proveIdentity: command({
      http: 'POST /v1/sessions/current/proof',
      summary:
        'Give my password again, and a code where I have a second factor, for what is sensitive: counts ten minutes',
      caller: 'customer',
      key: 'command.id',
      input: z.object({
        password: Secret('Mine').max(200),
        code: Secret('Of the authenticator app, where the account has one, or a recovery code').max(40).optional(),
      }),
      output: z.object({
        accessToken: z.string().describe('Send it as Authorization: Bearer from now on'),
        tokenType: z.literal('Bearer'),
        expiresIn: z.int().describe('Seconds until it expires'),
      }),
      status: 201,
      errors: { WRONG_CREDENTIALS: 403, LOCKED_OUT: 429, SECOND_FACTOR_REQUIRED: 403, SECOND_FACTOR_WRONG: 403 },
      rateLimit: { points: 30, seconds: 60 },
    }),
    listSessions: query({
      http: 'GET /v1/me/sessions',
      summary: 'Where I am signed in, the one used last first',
      caller: 'customer',
      input: z.object({}),
      output: z.object({ items: z.array(SessionShape) }),
    }),
    endSession: command({
      http: 'DELETE /v1/me/sessions/{sessionId}',
      summary: 'End one of my sessions: its tokens are refused within two seconds',
      caller: 'customer',
      key: 'command.id',
      input: z.object({ sessionId: z.uuid() }),
      output: z.object({}),
      status: 204,
      errors: { NOT_FOUND: 404 },
    }),
    endOtherSessions: command({
      http: 'DELETE /v1/me/sessions',
      summary: 'End all of my sessions but this one',
      caller: 'customer',
      key: 'command.id',
      input: z.object({}),
      output: z.object({}),
      status: 204,
    }),
    getMyPersonalData: query({
      http: 'GET /v1/me/personal-data',
      summary: 'Export all that the shop holds about me',
      description: PERSONAL_DATA,
      caller: 'customer',
      input: z.object({}),
      output: PersonalData,
      since: 2,
      budgetMs: 10_000,
      rateLimit: { points: 10, seconds: 60 },
    }),
    getPersonalData: query({
      http: 'GET /v1/customers/{customerId}/personal-data',
      summary: 'Export all that the shop holds about a customer who asked for it',
      description: PERSONAL_DATA,
      caller: 'operator:support',
      input: z.object({ customerId: CustomerId }),
      output: PersonalData,
      errors: { NOT_FOUND: 404 },
      since: 2,
      budgetMs: 10_000,
      rateLimit: { points: 60, seconds: 60 },
    }),
    listContracts: query({
      http: 'GET /v1/contracts',
      summary: 'List the contracts in force, and those that were refused because they would break a consumer',
      caller: 'operator',
      input: z.object({}),
      output: z.object({ inForce: z.array(ContractState), refused: z.array(RefusedContract) }),
    }),
  },
);
