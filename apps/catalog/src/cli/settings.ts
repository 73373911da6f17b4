import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import { z } from 'zod';
import type { Operator } from './shop-client.js';

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = '4000';
const OperatorFile = z.object({ email: z.string(), password: z.string() });

/** The shop's URL: `--url`, else STOA_URL, else this machine's. @throws CliError */
export function shopUrl(given: string | undefined, env: Environment): URL {
  const url = given ?? env['STOA_URL'] ?? `http://127.0.0.1:${env['STOA_PORT'] ?? DEFAULT_PORT}`;
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol)) throw new CliError(`${url} is not an http(s) URL.`);
  return parsed;
}

/**
 * The operator who may change the catalog: the environment's, else that of the stack on this machine.
 * @throws CliError
 */
export function operatorOf(env: Environment): Operator {
  const { STOA_OPERATOR_EMAIL: email, STOA_OPERATOR_PASSWORD: password } = env;
  if (email && password) return { email, password };
  const repository = join(import.meta.dirname, '../../../..');
  const file = join(env['STOA_STATE_DIR'] ?? join(repository, '.stoa'), 'operator.json');
  if (!existsSync(file)) {
    throw new CliError(
      `Set STOA_OPERATOR_EMAIL and STOA_OPERATOR_PASSWORD: ${file}, which npm start writes, is not there.`,
    );
  }
  const parsed = OperatorFile.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new CliError(`${file} holds no operator's email and password.`);
  return parsed.data;
}
