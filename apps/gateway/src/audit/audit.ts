import { Inject, Injectable } from '@nestjs/common';
import { newId } from '@stoa/messaging';
import type { Operation } from '../services/operation.js';
import { HttpProblem, problem } from '../http/problem.js';
import { LOGGER, type Logger } from '@stoa/service';
import type { Answer } from '../requests/operation-response.js';
import type { Fields } from '../input/build-input.js';
import type { Exchange } from '../http/exchange.js';
import { GatewayDatabase } from '../storage/gateway-database.js';
import { redactInput } from './redact-input.js';

export interface OperatorAction {
  readonly exchange: Exchange;
  readonly operation: Operation;
  readonly input: Fields;
  readonly operatorId: string;
}

/** The trail of what operators did: who, what, with which input, from where, how it ended. */
@Injectable()
export class Audit {
  constructor(
    private readonly database: GatewayDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Writes down what is about to be done, does it, and writes down how it ended.
   * @throws HttpProblem 503 when it can't be written down: then it isn't done either; and what `work` throws.
   */
  async record(action: OperatorAction, work: () => Promise<Answer>): Promise<Answer> {
    const id = await this.begin(action).catch((error: unknown) => {
      this.logger.error({ err: error }, 'the audit trail cannot be written');
      throw problem(
        'UNAVAILABLE',
        'What operators do must be recorded, and that is not possible at the moment; try again',
      );
    });
    try {
      const answer = await work();
      await this.end(id, answer.status, null);
      return answer;
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

  /** What was done can't be undone: that its end isn't written down is told to the log only. */
  private async end(id: string, status: number, errorCode: string | null): Promise<void> {
    try {
      const prisma = await this.database.prisma();
      await prisma.auditEntry.update({ where: { id }, data: { status, errorCode, finishedAt: new Date() } });
    } catch (error) {
      this.logger.error({ err: error, auditEntry: id, status }, 'the end of an audit entry cannot be written');
    }
  }
}
