import { Inject, Injectable } from '@nestjs/common';
import { deriveId, newId, type Caller } from '@stoa/messaging';
import { LOGGER, type Logger, type TraceContext } from '@stoa/service';
import { Contracts } from '../services/contracts.js';
import type { Operation } from '../services/operation.js';
import { isTransientProblem } from '../http/problem.js';
import { CallOperation } from '../calls/call-operation.js';

/** The input of a hook. `guestId`: the guest that the customer was before; null when they were none. */
export type HookInput = { readonly guestId: string | null };

/** Without a guest there is nothing to take over, and nobody waits longer than this for it. */
const OPTIONAL_MS = 1_000;

/**
 * SignInHooks runs the commands whose contracts say that they belong to a sign-in or a sign-out (`runsAt`), and waits
 * for them. It knows none by name.
 */
@Injectable()
export class SignInHooks {
  constructor(
    private readonly contracts: Contracts,
    private readonly call: CallOperation,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @throws HttpProblem 503 or 504 when a guest's data can't be taken over at the moment: the sign-in is refused and
   *   can be tried again. Without a guest there is nothing to take over, and a service that is down keeps nobody out;
   *   nor does a business error.
   */
  async run(moment: 'sign-in' | 'sign-out', caller: Caller, input: HookInput, trace: TraceContext): Promise<void> {
    const operations = this.contracts.table.operationsAt(moment);
    await Promise.all(operations.map((operation) => this.runOne(operation, caller, input, trace)));
  }

  private async runOne(operation: Operation, caller: Caller, input: HookInput, trace: TraceContext): Promise<void> {
    const { budgetMs: usual } = operation.document;
    const budgetMs = input.guestId === null ? Math.min(OPTIONAL_MS, usual) : usual;
    try {
      await this.call.run({ operation, input, caller, id: idOf(operation, caller, input), trace, budgetMs });
    } catch (error) {
      if (isTransientProblem(error) && input.guestId !== null) throw error;
      this.logger.warn({ err: error, operation: operation.id }, 'sign-in or sign-out hook failed');
    }
  }
}

/** The same when the same guest's sign-in is tried again, so that each guest is taken over once. */
function idOf({ id, document }: Operation, caller: Caller, { guestId }: HookInput): string {
  if (guestId === null || !('customerId' in caller)) return newId();
  return deriveId(caller.customerId, document.runsAt ?? '', id, guestId);
}
