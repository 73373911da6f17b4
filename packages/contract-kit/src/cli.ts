import { fileURLToPath } from 'node:url';
import { check, type Outcome, release, snapshot } from './cli/commands.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const commands: Record<string, (root: string) => Promise<Outcome>> = { snapshot, check, release };

const name = process.argv[2] ?? '';
const command = commands[name];
if (!command) {
  process.stderr.write(`usage: npm run contracts -- snapshot | check | release
  snapshot  write every contract.json anew
  check     fail if a contract.json is stale, or would break a consumer or provider one version apart
  release   keep each contract.json as released/<version>.json, to compare the next with\n`);
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
