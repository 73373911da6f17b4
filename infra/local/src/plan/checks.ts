import { existsSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import { takePort } from '../machine/ports.js';
import { listenerOf } from '../machine/os-processes.js';

const MB = 1024 * 1024;
/** Downloads, three data folders, a Kafka log: about 450 MB when new. */
const FIRST_START_MB = 1_000;
const LATER_START_MB = 200;

/** Keeps the port for the shop. @throws CliError that says who has it. */
export async function checkPort(port: number): Promise<void> {
  if (await takePort(port)) return;
  const listener = listenerOf(port);
  const who = listener ? `"${listener.command.slice(0, 80)}" (pid ${listener.pid})` : 'another program';
  throw new CliError(`port ${port} is in use by ${who}: stop it, or choose another port with STOA_PORT`);
}

/** Makes the state folder. @throws CliError if it can't be written or its disk is nearly full. */
export async function checkDisk(stateDir: string): Promise<void> {
  try {
    await mkdir(stateDir, { recursive: true });
  } catch (error) {
    throw new CliError(`${stateDir} can't be made: choose another folder with STOA_STATE_DIR`, { cause: error });
  }
  const needed = existsSync(join(stateDir, 'data')) ? LATER_START_MB : FIRST_START_MB;
  const { bavail, bsize } = await statfs(stateDir);
  const free = Math.floor((bavail * bsize) / MB);
  if (free >= needed) return;
  throw new CliError(
    `the disk of ${stateDir} has ${free} MB left and ${needed} MB are needed: free some, or set STOA_STATE_DIR`,
  );
}
