import type { z } from 'zod';

/** The environment's mistakes, one line per variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

const looksSecret = (name: string): boolean => /PASSWORD|SECRET|TOKEN|KEY|_URL$|CREDENTIAL|HEADERS/i.test(name);

function descriptionOf(schema: z.ZodObject, name: string): string {
  const description = (schema.shape[name] as z.ZodType | undefined)?.description;
  return description ? ` (${description})` : '';
}

function problemLine(schema: z.ZodObject, env: Environment, issue: z.core.$ZodIssue): string {
  const name = String(issue.path[0] ?? '');
  if (name === '') return issue.message;
  const hint = descriptionOf(schema, name);
  const value = env[name];
  if (value === undefined || value === '') return `${name} is missing: set it${hint}`;
  const shown = looksSecret(name) ? 'its value is not shown here' : `it is "${value}"`;
  return `${name}: ${issue.message.replace(/^Invalid input: /, '')}; ${shown}${hint}`;
}

/**
 * Reads the variables that `schema` names from the environment. An empty variable counts as not set.
 * An error's line says what to set, by the field's `.describe()`.
 * @throws ConfigError with every wrong variable at once, never with a secret's value.
 */
export function loadConfig<S extends z.ZodObject>(schema: S, env: Environment = process.env): z.output<S> {
  const given = Object.fromEntries(
    Object.keys(schema.shape)
      .map((name) => [name, env[name]] as const)
      .filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new ConfigError(result.error.issues.map((issue) => problemLine(schema, env, issue)));
}
