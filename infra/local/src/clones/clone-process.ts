import { httpDelete, httpGet } from '../machine/http.js';
import { freePort } from '../machine/ports.js';
import type { Addresses, Context } from '../plan/context.js';
import type { Service } from '../plan/topology.js';
import type { ProcessSpec } from '../processes/supervised-process.js';
import { startChild } from '../servers/child.js';
import { logFile } from '../state-dir/files.js';
import { appOf, readState } from '../state-dir/state.js';
import { cloneEnvironment, inheritedEnvironment } from './clone-environment.js';
import { builtScript } from './migrations.js';

/** How V8 collects garbage, which is more than a third of a busy cart's CPU otherwise (docs/performance.md). */
const V8_FLAGS = [
  // V8's default, set explicitly: with 4 MB, objects in flight outlive their generation under load.
  '--max-semi-space-size=16',
  // An old generation may grow by 120 % before it is collected. V8 allows a heap of our size 30 %, so that every two
  // seconds threads beside the main one walk through 40 MB to find the few that went: 29 % of a cart's CPU with 30,
  // 12 to 15 with 120.
  '--heap-growing-percent=120',
  // Of the few MB that survive in a young generation each thread gets so little that finding it costs more.
  '--no-parallel-scavenge',
];

/** A clone of a service as a process of the stack. */
export async function cloneProcess(
  context: Context,
  addresses: Addresses,
  service: Service,
  name: string,
  httpPort?: number,
): Promise<ProcessSpec> {
  const script = builtScript(context, service.app, 'main.js');
  const ports = { admin: await freePort(), ...(httpPort !== undefined && { http: httpPort }) };
  const options = {
    name,
    command: context.node,
    args: [`--max-old-space-size=${service.heapMb}`, ...V8_FLAGS, script],
    env: { ...inheritedEnvironment(context.env), ...cloneEnvironment(context, addresses, service, name, ports) },
    cwd: context.stateDir,
    logFile: logFile(context.stateDir, name),
    stopSignal: 'SIGTERM' as const,
    // Services wait for Kafka and Postgres: these come first, and their finished work arrives together. A gateway must
    // not wait: when more is asked than can be done, it has to refuse at once.
    lowPriority: !service.http,
    stopTimeoutMs: 12_000, // a clone drains within 10 s
    probe: () => isReady(ports.admin),
  };
  return {
    name,
    kind: service.http ? 'gateway' : 'service',
    ...(ports.http !== undefined && { port: ports.http }),
    adminPort: ports.admin,
    start: (starting) => startChild({ ...options, ...starting }),
    ...(!service.http && { ended: () => reportDeadToPeer(context, service.app, name) }),
  };
}

/**
 * Reports a dead clone to another one of its service, so that its Kafka partitions are served at once. Kafka itself
 * notices the silence in a second or two, and so it does when no peer can be reached.
 */
async function reportDeadToPeer({ stateDir, adminToken }: Context, app: string, dead: string): Promise<void> {
  const clones = readState(stateDir)?.processes ?? [];
  const peers = clones.filter((clone) => clone.name !== dead && clone.state === 'running' && appOf(clone) === app);
  for (const { adminPort } of peers) {
    const url = `http://127.0.0.1:${adminPort}/clones/${dead}`;
    const response = await httpDelete(url, adminToken).catch(() => undefined);
    if (response?.status === 200) return;
  }
}

/** Resolves when the clone is ready. @throws Error with what its /health/ready misses */
export async function isReady(adminPort: number): Promise<void> {
  const { status, body } = await httpGet(`http://127.0.0.1:${adminPort}/health/ready`);
  if (status !== 200) throw new Error(`not ready: ${body.trim().slice(0, 300)}`);
}
