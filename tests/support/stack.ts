import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

export const root = path.resolve(import.meta.dirname, '../..');

/** One process of the running stack, as `npm run status -- --json` prints it. */
export interface Process {
  readonly name: string;
  readonly kind: string;
  readonly pid: number;
  readonly port: number | null;
  readonly adminPort: number | null;
  readonly pssBytes: number | null;
}

/**
 * Runs one of the stack's commands (`status`, `catalog` …) against the stack that the tests use. Without the bootstrap,
 * which would look each time for something to build.
 */
export const stoa = (verb: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, [path.join(root, 'infra/local/dist/main.js'), verb, ...args], {
    cwd: root,
    timeout: 120_000,
    maxBuffer: 1 << 26,
  });

export interface Status {
  readonly processes: readonly Process[];
  /** Those that ended, until they are started again. */
  readonly waiting: readonly { readonly name: string }[];
}

export async function status(): Promise<Status> {
  const { stdout } = await stoa('status', '--json');
  return JSON.parse(stdout) as Status;
}

export const processes = async (): Promise<readonly Process[]> => (await status()).processes;

/** Whether the clone with this admin port says that it is ready. */
export const isReady = (adminPort: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${adminPort}/health/ready`, { signal: AbortSignal.timeout(8_000) }).then(
    ({ ok }) => ok,
    () => false,
  );

/** The clones of an app, such as `gateway-1` and `gateway-2`. */
export const clonesOf = async (app: string): Promise<readonly Process[]> => (await processes()).filter(isCloneOf(app));

const isCloneOf = (app: string) => {
  const own = new RegExp(`^${app}-\\d+$`);
  return ({ name }: Process): boolean => own.test(name);
};

/** How many clones of each app run. */
export type Counts = Readonly<Record<string, number>>;

/**
 * Sets numbers of clones, as `npm run clones` does.
 * @returns puts those numbers back that were there before
 */
export async function setClones(counts: Counts): Promise<() => Promise<void>> {
  const running = await processes();
  const before = Object.keys(counts).map((app) => [app, running.filter(isCloneOf(app)).length] as const);
  const set = async (pairs: readonly (readonly [string, number])[]): Promise<void> => {
    await stoa('clones', ...pairs.map(([app, count]) => `${app}=${count}`));
  };
  await set(Object.entries(counts));
  return () => set(before);
}
