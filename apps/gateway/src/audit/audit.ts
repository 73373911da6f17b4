import { Inject, Injectable } from '@nestjs/common';
import { newId } from '@stoa/messaging';
import { LOGGER, type Logger } from '@stoa/service';
import type { Exchange } from '../http/exchange.js';
import { HttpProblem, problem } from '../http/problem.js';
import type { HttpResponse } from '../http/response.js';
import type { Fields, Operation } from '../services/operation.js';
import { GatewayDatabase } from '../storage/gateway-database.js';
import { redactInput } from './redact-input.js';

/** A command of an operator that is about to run. */
export interface OperatorAction {
  readonly exchange: Exchange;
  readonly operation: Operation;
  readonly input: Fields;
  readonly operatorId: string;
}

/** Audit keeps the trail of operators' commands: who, which operation, its input, the address, and the outcome. */
@Injectable()
export class Audit {
  constructor(
    private readonly database: GatewayDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Records the command, runs it, and records its outcome.
   * @throws HttpProblem 503 when the command can't be recorded: then it doesn't run; and the errors of `work`
   */
  async record(action: OperatorAction, work: () => Promise<HttpResponse>): Promise<HttpResponse> {
    const id = await this.begin(action).catch((error: unknown) => {
      this.logger.error({ err: error }, 'audit trail cannot be written');
      throw problem(
        'UNAVAILABLE',
        'What operators do must be recorded, and that is not possible at the moment; try again',
      );
    });
    try {
      const response = await work();
      await this.end(id, response.status, null);
      return response;
    } catch (error) {
      if (error instanceof HttpProblem) await this.end(id, error.status, error.code);
      else await this.end(id, 500, 'INTERNAL');
      throw error;
    }
  }

  private async begin({ exchange, operation, input, operatorId }: OperatorAction): Promise<string> {
    const id = newId();
    const prisma = await this.database.prisma();
    await prisma.auditEntry.create({
      data: {
        id,
        operatorId,
        service: operation.service,
        operation: operation.name,
        input: redactInput(operation.document.input, input) as Record<string, string>,
        address: exchange.address,
        traceId: exchange.trace.traceId,
      },
    });
    return id;
  }

  /** The command can't be undone: a failure to record its outcome is only logged. */
  private async end(id: string, status: number, errorCode: string | null): Promise<void> {
    try {
      const prisma = await this.database.prisma();
      await prisma.auditEntry.update({ where: { id }, data: { status, errorCode, finishedAt: new Date() } });
    } catch (error) {
      this.logger.error({ err: error, auditEntry: id, status }, 'outcome of an audit entry cannot be written');
    }
  }
}
