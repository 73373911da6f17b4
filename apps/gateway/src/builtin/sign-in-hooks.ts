import { Inject, Injectable } from '@nestjs/common';
import { deriveId, newId, type Caller } from '@stoa/messaging';
import { LOGGER, type Logger, type TraceContext } from '@stoa/service';
import { Contracts } from '../services/contracts.js';
import type { Operation } from '../services/operation.js';
import { HttpProblem } from '../http/problem.js';
import { CallOperation } from '../calls/call-operation.js';

/** `guestId`: the guest that the customer was; null when they were none. */
export type MomentInput = { readonly guestId: string | null };

/** Nobody waits longer for what is not needed: without a guest there is nothing to take over. */
const OPTIONAL_MS = 1_000;

/**
 * Runs the commands whose contracts say that they belong to a sign-in or a sign-out, and waits for them. It knows none
 * by name.
 */
@Injectable()
export class RunAtMoment {
  constructor(
    private readonly contracts: Contracts,
    private readonly call: CallOperation,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @throws HttpProblem 503 or 504 when a guest's things can't be taken over at the moment: the sign-in is refused and can be
   *   tried again. Without a guest there is nothing to take over, and a service that is down keeps nobody out; nor does
   *   one that refuses, now and later.
   */
  async run(moment: 'sign-in' | 'sign-out', caller: Caller, input: MomentInput, trace: TraceContext): Promise<void> {
    const operations = this.contracts.table.operationsAt(moment);
    await Promise.all(operations.map((operation) => this.one(operation, caller, input, trace)));
  }

  private async one(operation: Operation, caller: Caller, input: MomentInput, trace: TraceContext): Promise<void> {
    const { budgetMs: usual } = operation.document;
    const budgetMs = input.guestId === null ? Math.min(OPTIONAL_MS, usual) : usual;
    try {
      await this.call.run({ operation, input, caller, id: idOf(operation, caller, input), trace, budgetMs });
    } catch (error) {
      const passing = error instanceof HttpProblem && (error.status === 503 || error.status === 504);
      if (passing && input.guestId !== null) throw error;
      this.logger.warn(
        { err: error, operation: operation.id },
        'a command that belongs to a sign-in or sign-out failed',
      );
    }
  }
}

/** The same when the same guest's sign-in is tried again, so that each guest is taken over once. */
function idOf({ id, document }: Operation, caller: Caller, { guestId }: MomentInput): string {
  if (guestId === null || !('customerId' in caller)) return newId();
  return deriveId(caller.customerId, document.runsAt ?? '', id, guestId);
}
