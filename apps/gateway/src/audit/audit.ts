import { Inject, Injectable } from '@nestjs/common';
import { newId } from '@stoa/messaging';
import { LOGGER, type Logger } from '@stoa/service';
import type { Exchange } from '../http/exchange.js';
import { HttpProblem, problem } from '../http/problem.js';
import type { HttpResponse } from '../http/response.js';
import type { Fields, Operation } from '../services/operation.js';
import { GatewayDatabase } from '../storage/gateway-database.js';
import { redactInput } from './redact-input.js';

/** An operation that an operator is about to run. */
export interface OperatorAction {
  readonly exchange: Exchange;
  readonly operation: Operation;
  readonly input: Fields;
  readonly operatorId: string;
}

interface Outcome {
  readonly status: number;
  readonly errorCode: string | null;
}

const outcomeOf = (error: unknown): Outcome =>
  error instanceof HttpProblem
    ? { status: error.status, errorCode: error.code }
    : { status: 500, errorCode: 'INTERNAL' };

/**
 * Audit keeps the trail of what operators do: who, which operation, its input, the address, and the outcome. A row is
 * never changed: the outcome is one of its own.
 */
@Injectable()
export class Audit {
  constructor(
    private readonly database: GatewayDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Records an operation and its outcome: a command before it runs, a query before its response is sent.
   * @throws HttpProblem 503 when it can't be recorded: then nobody gets its result; and the errors of `work`
   */
  async record(action: OperatorAction, work: () => Promise<HttpResponse>): Promise<HttpResponse> {
    const { isCommand } = action.operation;
    const id = newId();
    if (isCommand) await this.mustBegin(id, action);
    const [response, error] = await work().then(
      (done): [HttpResponse | undefined, unknown] => [done, undefined],
      (thrown: unknown): [HttpResponse | undefined, unknown] => [undefined, thrown],
    );
    const outcome = response ? { status: response.status, errorCode: null } : outcomeOf(error);
    if (!isCommand) await this.mustBegin(id, action);
    await this.end(id, outcome);
    if (response) return response;
    throw error;
  }

  private async mustBegin(id: string, action: OperatorAction): Promise<void> {
    await this.begin(id, action).catch((error: unknown) => {
      this.logger.error({ err: error }, 'audit trail cannot be written');
      throw problem(
        'UNAVAILABLE',
        'What operators do must be recorded, and that is not possible at the moment; try again',
      );
    });
  }

  private async begin(id: string, { exchange, operation, input, operatorId }: OperatorAction): Promise<void> {
    const prisma = await this.database.prisma();
    const kept = JSON.stringify(redactInput(operation.document.input, input));
    const kind = operation.isCommand ? 'command' : 'query';
    await prisma.$executeRaw`
      INSERT INTO audit.entries (id, operator_id, kind, service, operation, input, address, trace_id)
      VALUES (${id}::uuid, ${operatorId}::uuid, ${kind}, ${operation.service}, ${operation.name}, ${kept}::jsonb,
              ${exchange.address}, ${exchange.trace.traceId})`;
  }

  /** A command that was done can't be undone: a failure to record its outcome is only logged. */
  private async end(id: string, { status, errorCode }: Outcome): Promise<void> {
    try {
      const prisma = await this.database.prisma();
      await prisma.$executeRaw`
        INSERT INTO audit.outcomes (entry_id, status, error_code) VALUES (${id}::uuid, ${status}::int, ${errorCode})`;
    } catch (error) {
      this.logger.error({ err: error, auditEntry: id, status }, 'outcome of an audit entry cannot be written');
    }
  }
}
