import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '@stoa/cli';

export interface Operator {
  email: string;
  password: string;
}

/** The password of the embedded Postgres servers, made at the first start: other users share 127.0.0.1 with them. */
export function postgresPassword(stateDir: string): string {
  const file = join(stateDir, 'postgres.json');
  if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { password: string }).password;
  const password = randomBytes(18).toString('base64url');
  writeSecret(file, { password });
  return password;
}

/** Of Kafka's users: the stack's own, which may do everything, and each service's. */
export interface KafkaPasswords {
  readonly admin: string;
  /** By app. */
  readonly users: Readonly<Record<string, string>>;
}

const kafkaFile = (stateDir: string): string => join(stateDir, 'kafka.json');

/** The passwords of Kafka's users, made when each is first needed. */
export function kafkaPasswords(stateDir: string, apps: readonly string[]): KafkaPasswords {
  const known = readKafkaPasswords(stateDir);
  const users = Object.fromEntries(apps.map((app) => [app, known?.users[app] ?? newPassword()]));
  const passwords = { admin: known?.admin ?? newPassword(), users: { ...known?.users, ...users } };
  writeSecret(kafkaFile(stateDir), passwords);
  return passwords;
}

/** The passwords of Kafka's users, for tools; undefined where no stack was started that had any. */
export function readKafkaPasswords(stateDir: string): KafkaPasswords | undefined {
  const file = kafkaFile(stateDir);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as KafkaPasswords) : undefined;
}

/**
 * The secret of each app that seals what only it may read, made when it is first needed. Lost with `.stoa/`, it seals
 * nothing that is kept: requests are answered within seconds.
 */
export function sealingSecret(stateDir: string, app: string): string {
  const file = join(stateDir, 'sealing.json');
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : {};
  const secret = known[app] ?? randomBytes(32).toString('base64url');
  if (known[app] === undefined) writeSecret(file, { ...known, [app]: secret });
  return secret;
}

/** The password of the embedded Redis, made at the first start. */
export function redisPassword(stateDir: string): string {
  const file = join(stateDir, 'redis.json');
  if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { password: string }).password;
  const password = newPassword();
  writeSecret(file, { password });
  return password;
}

const newPassword = (): string => randomBytes(18).toString('base64url');

/**
 * The operator's account: from the environment, else from an earlier start, else made now.
 * @returns `made`: true if nobody can know the password yet
 */
export function operatorAccount(stateDir: string, env: NodeJS.ProcessEnv): { operator: Operator; made: boolean } {
  const file = join(stateDir, 'operator.json');
  const { STOA_OPERATOR_EMAIL: email, STOA_OPERATOR_PASSWORD: password } = env;
  if (Boolean(email) !== Boolean(password)) {
    throw new CliError('set both STOA_OPERATOR_EMAIL and STOA_OPERATOR_PASSWORD, or neither');
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

/** The shard map of the running stack, as its owner reaches it, who may move data. */
export interface DirectorySecret {
  adminUrl: string;
}

const directoryFile = (stateDir: string): string => join(stateDir, 'run/directory.json');

/** Keeps the way to the shard map of this run for operators' commands. */
export function writeDirectory(stateDir: string, directory: DirectorySecret): void {
  mkdirSync(join(stateDir, 'run'), { recursive: true });
  writeSecret(directoryFile(stateDir), directory);
}

/** The way to the shard map of the last run, if it had one. */
export function readDirectory(stateDir: string): DirectorySecret | undefined {
  const file = directoryFile(stateDir);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as DirectorySecret) : undefined;
}

/** The file of `adminToken`. */
export const adminTokenFile = (stateDir: string): string => join(stateDir, 'admin.json');

/** The token that clones require before they show dead letters: from the environment, else made at the first start. */
export function adminToken(stateDir: string, env: NodeJS.ProcessEnv): string {
  const file = adminTokenFile(stateDir);
  if (!env.ADMIN_TOKEN && existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { token: string }).token;
  const token = env.ADMIN_TOKEN || randomBytes(32).toString('base64url');
  writeSecret(file, { token });
  return token;
}

/** A secret of services, made at the first start: it signs links in mails, or seals second factors. */
export function serviceSecret(stateDir: string, name: 'mail' | 'second-factor'): string {
  const file = join(stateDir, `${name}.json`);
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { secret?: string }).secret : undefined;
  if (known !== undefined) return known;
  const secret = randomBytes(32).toString('base64url');
  writeSecret(file, { secret });
  return secret;
}

/** The local payment provider knows the shop by one, and signs its webhooks with the other. */
export interface PaymentSecrets {
  secretKey: string;
  webhookSecret: string;
}

/** The secrets between payment and the local payment provider, made at the first start. */
export function paymentSecrets(stateDir: string): PaymentSecrets {
  const file = join(stateDir, 'payments.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as PaymentSecrets;
  const secrets = { secretKey: `sk_local_${newPassword()}`, webhookSecret: `whsec_${newPassword()}` };
  writeSecret(file, secrets);
  return secrets;
}

/** The gateway as its commands reach it: its database, and what seals the signing keys. */
export interface GatewaySecret {
  databaseUrl: string;
  tokenKeySecret: string;
}

const gatewayFile = (stateDir: string): string => join(stateDir, 'run/gateway.json');

/** Keeps the way to the signing keys of this run for operators' commands. */
export function writeGateway(stateDir: string, gateway: GatewaySecret): void {
  mkdirSync(join(stateDir, 'run'), { recursive: true });
  writeSecret(gatewayFile(stateDir), gateway);
}

/** The way to the signing keys of the last run, if it had a gateway. */
export function readGateway(stateDir: string): GatewaySecret | undefined {
  const file = gatewayFile(stateDir);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as GatewaySecret) : undefined;
}

/** The secret that seals the gateway's signing keys: from the environment, else made at the first start. */
export function tokenKeySecret(stateDir: string, env: NodeJS.ProcessEnv): string {
  if (env.TOKEN_KEY_SECRET) return env.TOKEN_KEY_SECRET;
  const file = join(stateDir, 'token-key.json');
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { secret?: string }).secret : undefined;
  if (known !== undefined) return known;
  const secret = randomBytes(32).toString('base64url');
  writeSecret(file, { secret });
  return secret;
}

function writeSecret(file: string, content: object): void {
  writeFileSync(file, `${JSON.stringify(content)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600); // the mode above is for new files only
}
