/** Ends the command with a line for whoever typed it. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
}
