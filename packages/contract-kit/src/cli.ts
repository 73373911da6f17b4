import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check, type Outcome, release, snapshot } from './cli/commands.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const commands: Record<string, (root: string) => Promise<Outcome>> = { snapshot, check, release };

/** Where the broker is, and who may write there, is known to the stack. @returns the exit code */
function withdraw(services: readonly string[]): number {
  const args = [join(root, 'infra/local/bootstrap.mjs'), 'withdraw', ...services];
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
}

/** They name topics and groups as the transport does. @returns the exit code */
function acls(): number {
  const program = join(root, 'packages/messaging/dist/cli/acls.js');
  return spawnSync(process.execPath, [program], { stdio: 'inherit' }).status ?? 1;
}

const name = process.argv[2] ?? '';
const command = commands[name];
if (name === 'withdraw') {
  process.exitCode = withdraw(process.argv.slice(3));
} else if (name === 'acls') {
  process.exitCode = acls();
} else if (!command) {
  process.stderr.write(`usage: npm run contracts -- snapshot | check | release | acls | withdraw SERVICE
  snapshot  write every contract.json anew
  check     fail if a contract.json is stale, or would break a consumer or provider one version apart
  release   keep each contract.json as released/<version>.json, to compare the next with
  acls      print the rights of each service at the brokers, a line of kafka-acls each
  withdraw  tell gateways that a service is gone for good: they drop its routes\n`);
  process.exitCode = 2;
} else {
  try {
    const { lines, ok } = await command(root);
    for (const line of lines) (ok ? process.stdout : process.stderr).write(`${line}\n`);
    process.exitCode = ok ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
