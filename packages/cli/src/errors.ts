/**
 * Something that whoever typed the command can put right. Its message says what is wrong and what to do; commands print
 * it without a stack.
 */
export class CliError extends Error {
  override readonly name = 'CliError';
}

/** The message of anything that was thrown, on one line. Of several errors, the first. */
export function reason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0]);
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll(/\s+/g, ' ').trim();
}
