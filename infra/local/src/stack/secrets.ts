import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.js';

export interface Operator {
  email: string;
  password: string;
}

/** The password of the embedded Postgres servers, made at the first start. They listen on 127.0.0.1, which others share. */
export function postgresPassword(stateDir: string): string {
  const file = join(stateDir, 'postgres.json');
  if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { password: string }).password;
  const password = randomBytes(18).toString('base64url');
  writeSecret(file, { password });
  return password;
}

/**
 * The operator's account: from the environment, else from an earlier start, else made up now.
 * @returns `made` true if nobody can know the password yet.
 */
export function operatorAccount(stateDir: string, env: NodeJS.ProcessEnv): { operator: Operator; made: boolean } {
  const file = join(stateDir, 'operator.json');
  const { STOA_OPERATOR_EMAIL: email, STOA_OPERATOR_PASSWORD: password } = env;
  if (Boolean(email) !== Boolean(password)) {
    throw new Failure('set both STOA_OPERATOR_EMAIL and STOA_OPERATOR_PASSWORD, or neither');
  }
  if (email && password) {
    writeSecret(file, { email, password });
    return { operator: { email, password }, made: false };
  }
  if (existsSync(file)) return { operator: JSON.parse(readFileSync(file, 'utf8')) as Operator, made: false };
  const operator = { email: 'operator@stoa.local', password: randomBytes(15).toString('base64url') };
  writeSecret(file, operator);
  return { operator, made: true };
}

function writeSecret(file: string, content: object): void {
  writeFileSync(file, `${JSON.stringify(content)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600); // the mode above is for new files only
}
