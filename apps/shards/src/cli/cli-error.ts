/** Ends the command with a line for whoever typed it. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
}

/** What was typed can't be understood. */
export class WrongUse extends CliError {
  override readonly name = 'WrongUse';
}
