/** Something that whoever typed the command can put right. Its message is one line that says what and how; no stack is shown. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** The message of anything that was thrown, on one line. */
export function reason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0]);
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll(/\s+/g, ' ').trim();
}
