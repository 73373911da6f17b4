import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import { repoRoot } from '../../state-dir/paths.js';
import type { KafkaPasswords } from '../../state-dir/secrets.js';

export interface RightsOptions {
  /** host:port, with commas between. */
  readonly brokers: string;
  readonly passwords: KafkaPasswords;
  /** Those whose topics and groups there are. */
  readonly services: readonly string[];
  /** Of every topic. */
  readonly prefix: string;
}

/** The program is no part of this package, which the Kafka client's tests are started by. */
const PROGRAM = 'packages/messaging/dist/cli/rights.js';

/** Gives brokers a user for each service, with the rights that its contract needs and no others. @throws CliError */
export async function giveRights({ brokers, passwords, services, prefix }: RightsOptions): Promise<void> {
  const program = join(repoRoot, PROGRAM);
  if (!existsSync(program)) throw new CliError(`${PROGRAM} is missing: npm run build makes it`);
  const admin = { username: 'admin', password: passwords.admin };
  const input = JSON.stringify({ brokers: brokers.split(','), admin, users: passwords.users, services, prefix });
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  child.stdin.on('error', () => undefined); // it ended before it read all: its code says so
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new CliError(`Kafka takes no users: ${complaint.trim().split('\n').at(-1) ?? ''}`);
}
