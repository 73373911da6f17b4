import { OperationError } from '@stoa/contract-kit';
import { businessErrorReply } from './business-errors.js';

export const REUSED = businessErrorReply(
  new OperationError('IDEMPOTENCY_KEY_REUSED', 'Another request was sent with this key before, with a different body'),
);

/** The command is not done, and never will be. */
export const NOT_DONE = businessErrorReply(
  new OperationError('DEADLINE_EXCEEDED', 'The command was not done within its budget, and will not be'),
);

/** The command may have been done, or not. */
export const NOT_KNOWN = businessErrorReply(
  new OperationError(
    'UNAVAILABLE',
    'The budget is over, and whether the command was done is not known: send it again with the same Idempotency-Key',
  ),
);
