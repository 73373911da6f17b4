import { command, CustomerId, event, OPERATOR_ROLES, query, Timestamp, withoutLimits } from '@stoa/contract-kit';
import { z } from 'zod';
import { DisplayName, Email } from './words.js';

const Roles = z
  .array(z.enum(OPERATOR_ROLES))
  .min(1)
  .max(OPERATOR_ROLES.length)
  .describe('An owner may do everything; read-only all that changes nothing, but for what owners alone may see');

const Operator = withoutLimits(
  z.object({
    customerId: CustomerId,
    email: Email,
    displayName: DisplayName,
    roles: z.array(z.string()),
    since: Timestamp.describe('When they became an operator'),
  }),
);

const ERRORS = { NOT_FOUND: 404, LAST_OWNER: 409, NOT_AN_OWNER: 403 } as const;

const TAKES_EFFECT = `All sessions of theirs end within a moment: they sign in again, with the roles that they have then. LAST_OWNER: \
there would be no owner any more. Of two owners who end each other at once, one stays.`;

/** Operators: customers who may run the shop, by their roles. */
export const operators = {
  listOperators: query({
    http: 'GET /v1/operators',
    summary: 'List the operators and their roles',
    caller: 'operator:owner',
    input: z.object({}),
    output: z.object({ items: z.array(Operator) }),
    since: 4,
  }),

  createOperator: command({
    http: 'POST /v1/operators',
    summary: 'Make a customer an operator',
    description: `They register and verify their e-mail address first: so nobody else knows their password, and the address is \
theirs. ${TAKES_EFFECT}`,
    caller: 'operator:owner',
    freshSeconds: 600,
    key: 'command.id',
    input: z.object({ email: Email, roles: Roles }),
    output: Operator,
    status: 201,
    errors: { ...ERRORS, EMAIL_NOT_VERIFIED: 409 },
    since: 4,
  }),

  changeOperator: command({
    http: 'PUT /v1/operators/{customerId}/roles',
    summary: "Set an operator's roles",
    description: TAKES_EFFECT,
    caller: 'operator:owner',
    freshSeconds: 600,
    key: 'command.id',
    input: z.object({ customerId: CustomerId, roles: Roles }),
    output: Operator,
    errors: ERRORS,
    since: 4,
  }),

  endOperator: command({
    http: 'DELETE /v1/operators/{customerId}',
    summary: 'Make an operator a customer again',
    description: TAKES_EFFECT,
    caller: 'operator:owner',
    freshSeconds: 600,
    key: 'command.id',
    input: z.object({ customerId: CustomerId }),
    output: z.object({}),
    status: 204,
    errors: ERRORS,
    since: 4,
  }),

  /** The first step of createOperator, in the bucket of the customer. Nobody else may send it. */
  markOperator: command({
    summary: 'Note of a customer that the registry of operators has to be asked about them',
    caller: 'operator:owner',
    key: 'input.customerId',
    input: z.object({ customerId: CustomerId }),
    output: z.object({}),
    errors: ERRORS,
    since: 4,
  }),

  /** The step of all of them that decides, in the one bucket of the registry. Nobody else may send it. */
  decideOperator: command({
    summary: "Set an operator's roles in the registry; none end them",
    caller: 'operator:owner',
    key: 'input.registry',
    input: z.object({
      registry: z.literal('operators'),
      customerId: CustomerId,
      roles: z.array(z.enum(OPERATOR_ROLES)),
    }),
    output: z.object({ roles: z.array(z.string()), since: Timestamp }),
    errors: ERRORS,
    since: 4,
  }),

  /** For this service itself: the customer's own row follows the registry. */
  operatorDecided: event({
    summary: 'The roles of an operator were decided in the registry',
    key: 'customerId',
    data: z.object({ customerId: CustomerId, roles: z.array(z.string()) }),
    since: 4,
  }),
  operatorChanged: event({
    summary: 'A customer has other roles as an operator, or none: sessions from before end',
    key: 'customerId',
    data: z.object({ customerId: CustomerId, roles: z.array(z.string()) }),
    endsEarlierSessions: true,
    since: 4,
  }),
};
