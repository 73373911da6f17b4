import { Injectable } from '@nestjs/common';
import type { InputOf, OutputOf } from '@stoa/contract-kit';
import { newId } from '@stoa/messaging';
import type { TraceContext } from '@stoa/service';
import { ReadTrail } from '../audit/read-trail.js';
import { CallOperation } from '../calls/call-operation.js';
import { HttpProblem } from '../http/problem.js';
import { Sessions } from '../identity/sessions.js';
import { Contracts } from '../services/contracts.js';
import type { Operation } from '../services/operation.js';
import type { builtinContract } from './contract.js';
import type { BuiltinContext, BuiltinHandler } from './handler.js';

type Document = OutputOf<typeof builtinContract.getPersonalData>;

/** Audit entries of one document. */
const MOST_ENTRIES = 1_000;

/**
 * GatherPersonalData asks every service whose contract says so (`personalData`) for what it holds of a customer, as
 * this customer, and adds what the gateway holds itself. It knows no service by name.
 */
@Injectable()
export class GatherPersonalData {
  constructor(
    private readonly contracts: Contracts,
    private readonly call: CallOperation,
    private readonly sessions: Sessions,
    private readonly trail: ReadTrail,
  ) {}

  /** @throws HttpProblem 503 or 504 where one of the services is unavailable */
  async gather(customerId: string, trace: TraceContext): Promise<Document> {
    const { table } = this.contracts;
    const titles = new Map(table.documents.map(({ service, title }) => [service, title]));
    const [services, sessions, entries] = await Promise.all([
      Promise.all(
        table.personalDataQueries.map(async (operation) => ({
          service: operation.service,
          title: titles.get(operation.service) ?? operation.service,
          operation: operation.id,
          data: await this.ask(operation, customerId, trace),
        })),
      ),
      this.sessions.export(customerId),
      this.trail.read({ customerId, limit: MOST_ENTRIES }),
    ]);
    const operatorActions = entries.map(({ id, at, kind, operation, status }) => ({ id, at, kind, operation, status }));
    return { customerId, gatheredAt: new Date().toISOString(), services, sessions, operatorActions };
  }

  /** @returns null where the service says that it knows nothing of them */
  private async ask(
    operation: Operation,
    customerId: string,
    trace: TraceContext,
  ): Promise<Record<string, unknown> | null> {
    try {
      const caller = { kind: 'customer', customerId } as const;
      const reply = await this.call.run({ operation, input: {}, caller, id: newId(), trace });
      return JSON.parse(reply.body.toString('utf8')) as Record<string, unknown>;
    } catch (error) {
      if (error instanceof HttpProblem && error.status === 404) return null;
      throw error;
    }
  }
}

/** A customer's own data, for the customer. */
@Injectable()
export class GetMyPersonalData implements BuiltinHandler<typeof builtinContract.getMyPersonalData> {
  constructor(private readonly personalData: GatherPersonalData) {}

  readonly handle = (_input: object, { identity, trace }: BuiltinContext): Promise<Document> => {
    // The contract's caller rule lets nobody else get here.
    if (!identity) throw new HttpProblem(401, 'UNAUTHENTICATED', 'Sign in first');
    return this.personalData.gather(identity.customerId, trace);
  };
}

/** A customer's data for an operator, which the audit trail records as every operation of an operator. */
@Injectable()
export class GetPersonalData implements BuiltinHandler<typeof builtinContract.getPersonalData> {
  constructor(private readonly personalData: GatherPersonalData) {}

  readonly handle = async (
    { customerId }: InputOf<typeof builtinContract.getPersonalData>,
    { trace }: BuiltinContext,
  ): Promise<Document> => {
    const document = await this.personalData.gather(customerId, trace);
    const isUnknown = document.sessions.length === 0 && document.services.some(({ data }) => data === null);
    if (isUnknown) throw new HttpProblem(404, 'NOT_FOUND', `There is no customer ${customerId}`);
    return document;
  };
}
