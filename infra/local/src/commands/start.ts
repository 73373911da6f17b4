import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CliError, onInterrupt, reason, Steps } from '@stoa/cli';
import { repoRoot, stateDir as defaultStateDir } from '../state-dir/paths.js';
import { bringUp } from '../start/bring-up.js';
import { findJava } from '../servers/java.js';
import { findToxiproxy } from '../servers/toxiproxy.js';
import { brokersToRun } from '../plan/brokers.js';
import { checkDisk, checkPort } from '../plan/checks.js';
import type { Context } from '../plan/context.js';
import { serveControl, type Handlers } from '../control/server.js';
import { checkExternal } from '../plan/external-servers.js';
import { stopOrphans } from '../processes/orphans.js';
import { takeLock } from '../state-dir/lock.js';
import { addShardServer } from '../data/add-shard.js';
import { parseStartOptions, START_HELP } from '../plan/options.js';
import { rotateLogs } from '../state-dir/log-rotation.js';
import { adminToken, operatorAccount, tokenKeySecret } from '../state-dir/secrets.js';
import { resolveSetup, type Setup } from '../plan/setup.js';
import { readState, removeState, runningState } from '../state-dir/state.js';
import { welcome } from '../start/welcome.js';
import { Supervisor } from '../processes/supervisor.js';
import { topology as shop, type Topology } from '../plan/topology.js';
import { IN_BACKGROUND, startInBackground } from './in-background.js';

/** The shop to run if it is not this repository's own, as in tests. */
export interface StartPlace {
  topology?: Topology;
  appsDir?: string;
}

/** `npm start`: brings the stack up, stays until a signal, and leaves nothing running. @returns the exit code */
export async function start(words: string[], place: StartPlace = {}): Promise<number> {
  const options = parseStartOptions(words);
  if (options.help) {
    process.stdout.write(START_HELP);
    return 0;
  }
  const setup = resolveSetup(place.topology ?? shop, options, process.env);
  const stateDir = defaultStateDir();
  if (options.detach)
    return startInBackground(
      stateDir,
      words.filter((word) => word !== '--detach'),
    );
  const progress = new Steps();
  await claim(stateDir, progress);
  await progress.step('checks', () => check(setup, stateDir));
  const { operator, made } = operatorAccount(stateDir, process.env);
  const context: Context = {
    setup,
    stateDir,
    appsDir: place.appsDir ?? join(repoRoot, 'apps'),
    node: process.execPath,
    env: process.env,
    progress,
    operator,
    adminToken: adminToken(stateDir, process.env),
    tokenKeySecret: tokenKeySecret(stateDir, process.env),
  };
  return supervise(context, made);
}

/** Makes sure that this is the only stack of its state folder, and that nothing of an earlier one is left. */
async function claim(stateDir: string, progress: Steps): Promise<void> {
  await checkDisk(stateDir);
  closeToOthers(stateDir);
  if (!(await takeLock(stateDir))) {
    const running = runningState(stateDir);
    const where = running?.url ? ` at ${running.url}` : '';
    const who = running ? ` (pid ${running.pid})` : '';
    throw new CliError(`the stack is running already${where}${who}: npm run status shows it, npm run stop ends it`);
  }
  const earlier = readState(stateDir);
  if (!earlier) return;
  const stopped = await stopOrphans(earlier);
  removeState(stateDir);
  const what = stopped.length > 0 ? `; stopped what it had left running: ${stopped.join(', ')}` : '';
  progress.line(`  ! the last run did not end in order${what}`);
}

/**
 * No other user of the machine reads data or logs. Started by root, Postgres runs as another user, who must get through
 * to its own folder and sees nothing else.
 */
function closeToOthers(stateDir: string): void {
  const through = process.getuid?.() === 0 ? 0o711 : 0o700;
  for (const [folder, mode] of [
    ['', through],
    ['data', through],
    ['logs', 0o700],
    ['run', 0o700],
  ] as const) {
    mkdirSync(join(stateDir, folder), { recursive: true });
    chmodSync(join(stateDir, folder), mode);
  }
}

async function check(setup: Setup, stateDir: string): Promise<void> {
  if (!setup.external.kafka) brokersToRun(stateDir, setup.brokers);
  await checkExternal(setup.external);
  if (!setup.external.kafka) await findJava();
  if (setup.toxiproxy) findToxiproxy(process.env);
  if (setup.services.some((service) => service.http)) await checkPort(setup.port);
}

async function supervise(context: Context, madeOperator: boolean): Promise<number> {
  const { stateDir, progress } = context;
  const supervisor = new Supervisor(stateDir, (line) => progress.line(`${new Date().toISOString()} ${line}`));
  const stopped = stopOnSignal(supervisor, progress);
  let closeControl: (() => void) | undefined;
  try {
    const { url, clones } = await bringUp(context, supervisor);
    const state = { ...supervisor.state(), ...(url === undefined ? {} : { url }) };
    progress.line(welcome(context, state, madeOperator));
    const ends = process.env[IN_BACKGROUND] ? 'npm run stop' : 'Ctrl-C or npm run stop';
    progress.line(`Ready after ${progress.elapsed()}. ${ends} ends it; data stays in ${stateDir}.`);
    const handlers: Handlers = {
      'add shard': ({ name }) => addShardServer(stateDir, supervisor, name),
      'set clones': ({ counts }, step) => clones.setCounts(counts, step),
      roll: ({ apps, haproxy }, step) => clones.roll(apps, haproxy, step),
    };
    closeControl = await serveControl(stateDir, handlers).catch((error: unknown) => {
      progress.line(`  ! npm run clones, roll and shards -- add --local can't reach this stack (${reason(error)})`);
      return undefined;
    });
    supervisor.ready(url);
  } catch (error) {
    const interrupted = supervisor.isStopping;
    await supervisor.stop();
    if (interrupted) return 0; // the step under way failed because it was aborted
    throw error;
  }
  const stopRotation = rotateLogs(join(stateDir, 'logs'));
  await stopped;
  closeControl?.();
  stopRotation();
  return Number(process.exitCode ?? 0);
}

/** Resolves when a signal has come and everything has been stopped. A second Ctrl-C kills at once. */
function stopOnSignal(supervisor: Supervisor, progress: Steps): Promise<void> {
  return new Promise((resolve) => {
    const interrupt = onInterrupt({
      first: (signal) => {
        progress.line(`${signal}: stopping`);
        void supervisor.stop().then(resolve, (error: unknown) => {
          progress.line(reason(error));
          resolve();
        });
      },
      again: () => {
        progress.line('stopping at once');
        void supervisor.kill();
      },
    });
    process.on('uncaughtException', (error) => {
      progress.line(`stopping after a fault of the supervisor's own: ${error.stack ?? error.message}`);
      process.exitCode = 1;
      interrupt('SIGTERM');
    });
  });
}
