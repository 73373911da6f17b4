import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

export const root = path.resolve(import.meta.dirname, '../..');

/** One process of the running stack, as `npm run status -- --json` tells it. */
export interface Process {
  readonly name: string;
  readonly pid: number;
  readonly port: number | null;
  readonly pssBytes: number | null;
}

/** Runs one of the stack's commands (`status`, `catalog` …) against the stack that the tests use. */
export const stoa = (verb: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, [path.join(root, 'infra/local/bootstrap.mjs'), verb, ...args], {
    cwd: root,
    timeout: 120_000,
    maxBuffer: 1 << 26,
  });

export async function processes(): Promise<Process[]> {
  const { stdout } = await stoa('status', '--json');
  return (JSON.parse(stdout) as { processes: Process[] }).processes;
}

/** The clones of an app, such as `gateway-1` and `gateway-2`. */
export const clonesOf = async (app: string): Promise<Process[]> =>
  (await processes()).filter(({ name }) => new RegExp(`^${app}-\\d+$`).test(name));
