import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CliError } from '@stoa/cli';
import { repoRoot, stateDir } from '../state-dir/paths.js';
import { runningState } from '../state-dir/state.js';
import { requestShard } from '../data/add-shard.js';
import { paymentSecrets, readDirectory, readGateway, readKafkaPasswords, type Operator } from '../state-dir/secrets.js';
import { SHOP_PORT } from '../plan/topology.js';

/** `npm run catalog -- import FILE... | export ...` against the running shop, or the one of STOA_URL. */
export function catalog(words: string[]): Promise<number> {
  return runTool('apps/catalog/dist/cli/main.js', words);
}

/** `npm run shards -- status | rebalance | ...` on the running stack, or on the map of DIRECTORY_ADMIN_URL. */
export async function shards(words: string[]): Promise<number> {
  const script = 'apps/shards/dist/cli/main.js';
  const directory = readDirectory(stateDir());
  const env = directory ? { DIRECTORY_ADMIN_URL: directory.adminUrl } : {};
  const isLocal = words[0] === 'add' && words.includes('--local') && !words.includes('--dry-run');
  if (!isLocal) return runTool(script, words, env);
  // A dry run refuses wrong words or a wrong directory before a server is started.
  const checked = await runTool(script, [...words, '--dry-run'], env, 'ignore');
  if (checked !== 0) return checked;
  const { values } = parseArgs({ args: words, options: { name: { type: 'string' } }, strict: false });
  const name = typeof values.name === 'string' ? values.name : undefined;
  const { url, name: shard } = await requestShard(stateDir(), name);
  return runTool(script, words, { ...env, STOA_LOCAL_SHARD_URL: url, STOA_LOCAL_SHARD: shard });
}

/** `npm run contracts -- withdraw SERVICE` on the running stack, or on the brokers of KAFKA_BROKERS. */
export function withdraw(words: string[]): Promise<number> {
  const running = runningState(stateDir())?.processes ?? [];
  const brokers = running.flatMap(({ kind, port }) => (kind === 'kafka' && port ? [`127.0.0.1:${port}`] : []));
  const password = readKafkaPasswords(stateDir())?.users[words[0] ?? ''];
  const user = password === undefined ? {} : { KAFKA_USERNAME: words[0], KAFKA_PASSWORD: password };
  const env = brokers.length > 0 ? { KAFKA_BROKERS: brokers.join(','), ...user } : {};
  return runTool('packages/messaging/dist/cli/withdraw.js', words, env);
}

/** `npm run keys -- list | rotate` on the running stack, or on the database of GATEWAY_DATABASE_URL. */
export function keys(words: string[]): Promise<number> {
  const gateway = readGateway(stateDir());
  const env = gateway && { GATEWAY_DATABASE_URL: gateway.databaseUrl, TOKEN_KEY_SECRET: gateway.tokenKeySecret };
  return runTool('apps/gateway/dist/cli/main.js', words, env);
}

/** `npm run payments -- reconcile` on the running stack, or with the account at Stripe of the environment. */
export function payments(words: string[]): Promise<number> {
  const provider = runningState(stateDir())?.processes.find(({ kind }) => kind === 'payments');
  const env = provider?.port === undefined ? {} : localAccount(provider.port);
  return runTool('apps/payment/dist/cli/main.js', words, env);
}

const localAccount = (port: number): NodeJS.ProcessEnv => ({
  STRIPE_SECRET_KEY: paymentSecrets(stateDir()).secretKey,
  STRIPE_API_URL: `http://127.0.0.1:${port}`,
});

/** `npm run bench -- rpc | product | cart`. */
export function bench(words: string[]): Promise<number> {
  return runTool('bench/dist/main.js', words);
}

async function runTool(
  script: string,
  words: string[],
  more: NodeJS.ProcessEnv = {},
  out: 'inherit' | 'ignore' = 'inherit',
): Promise<number> {
  const path = join(repoRoot, script);
  if (!existsSync(path)) throw new CliError(`${script} is missing: npm run build makes it`);
  return runToEnd([path, ...words], { ...more, ...shopEnvironment() }, undefined, out);
}

/** The shop's URL and the account that may change its catalog. Variables of the environment win. */
function shopEnvironment(): NodeJS.ProcessEnv {
  const port = process.env.STOA_PORT ?? SHOP_PORT;
  const url = runningState(stateDir())?.url ?? `http://127.0.0.1:${port}`;
  const file = join(stateDir(), 'operator.json');
  const operator = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Operator) : undefined;
  return {
    STOA_URL: url,
    ...(operator ? { STOA_OPERATOR_EMAIL: operator.email, STOA_OPERATOR_PASSWORD: operator.password } : {}),
    ...process.env,
  };
}

/** Runs a program of Node's to its end. @returns its exit code */
export function runToEnd(
  args: string[],
  env: NodeJS.ProcessEnv,
  cwd = process.env.INIT_CWD ?? process.cwd(),
  out: 'inherit' | 'ignore' = 'inherit',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['inherit', out, 'inherit'], env, cwd });
    // The terminal sends Ctrl-C to the child as well: it decides, we wait for its end.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => void (signal === 'SIGINT' || child.kill(signal)));
    }
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
