import { commonErrors, OperationError, type Operation, type Problem } from '@stoa/contract-kit';
import type { z } from 'zod';
import type { CommandReply } from '../api/command-execution.js';
import type { ErrorBody } from '../api/requests.js';

/** Codes that are no reply to keep: the same command may succeed in a moment. */
export const TRANSIENT_ERRORS: ReadonlySet<string> = new Set<string>([
  'UNAVAILABLE',
  'OVERLOADED',
  'DEADLINE_EXCEEDED',
  'RATE_LIMITED',
  'INTERNAL',
  'UNSUPPORTED_CONTRACT_VERSION',
]);

/** A common error as a reply. */
export function commonErrorReply(
  code: keyof typeof commonErrors,
  detail: string,
  problems?: readonly Problem[],
): CommandReply {
  return businessErrorReply(new OperationError(code, detail, problems));
}

/** The INVALID_INPUT reply: its detail names the first wrong field, `problems` list all of them. */
export function invalidInputReply(problems: readonly Problem[]): CommandReply {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more, see errors)` : '';
  const where = first?.pointer ? `${first.pointer.slice(1)}: ` : '';
  return commonErrorReply('INVALID_INPUT', `${where}${first?.detail ?? 'The input is not valid'}${more}`, problems);
}

/** Characters of a business error: each wrong field of a large input may have a long name. */
const MOST_CHARACTERS = 250_000;
const MOST_DETAIL = 10_000;

/** A business error as a reply. The problems and details of one that would be too large to be read are left out. */
export function businessErrorReply({
  code,
  message,
  problems,
  retryAfterSeconds,
  details,
}: OperationError): CommandReply {
  const all: ErrorBody = {
    code,
    detail: message,
    ...(problems && { problems }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(details && { details }),
  };
  const body = JSON.stringify(all);
  if (body.length <= MOST_CHARACTERS) return { ok: false, body };
  const { problems: _, details: __, ...short } = all;
  return { ok: false, body: JSON.stringify({ ...short, detail: message.slice(0, MOST_DETAIL) }) };
}

/** The error that `businessErrorReply` made its body of. */
export function operationErrorOf({ code, detail, problems, retryAfterSeconds, details }: ErrorBody): OperationError {
  if (details) return new OperationError(code, detail, { details });
  return new OperationError(code, detail, retryAfterSeconds === undefined ? problems : { retryAfterSeconds });
}

/** The output in a reply. @throws OperationError for a business error */
export function unwrapReply<Output>({ ok, body }: CommandReply): Output {
  if (ok) return JSON.parse(body) as Output;
  throw operationErrorOf(JSON.parse(body) as ErrorBody);
}

/** True for an error that callers of the operation may see: its contract's own, or a common one. */
export const isDeclared = (operation: Operation, error: unknown): error is OperationError =>
  error instanceof OperationError && (error.code in operation.errors || error.code in commonErrors);

/** Where, as a JSON pointer (RFC 6901). */
const pointer = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

function problemsOfIssue(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointer([...issue.path, key]), detail: 'unknown field' }));
  }
  return [{ pointer: pointer(issue.path), detail: issue.message }];
}

/** The problems that zod found, one a place. */
export const problemsOf = (error: z.ZodError): Problem[] => error.issues.flatMap(problemsOfIssue);

/** Business errors that are no fault of the caller's. */
const FAULTS = new Set(['INTERNAL', 'UNAVAILABLE', 'DEADLINE_EXCEEDED']);

/** `ok`, or the error's code. */
export const outcomeOf = (reply: CommandReply): string =>
  reply.ok ? 'ok' : ((JSON.parse(reply.body) as { code?: string }).code ?? 'INTERNAL');

/** The code of a reply that is a fault, for traces. */
export function faultOf(reply: CommandReply): string | undefined {
  const outcome = outcomeOf(reply);
  return FAULTS.has(outcome) ? outcome : undefined;
}
