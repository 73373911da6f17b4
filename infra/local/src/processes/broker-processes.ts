import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import { freePort } from '../machine/ports.js';
import { startKafka, type Cluster, type KafkaServer } from '../servers/kafka.js';
import type { Member } from './supervised-process.js';
import { logFile } from './server-processes.js';
import type { Proxies } from './proxies.js';

/** How many Kafka brokers run: one, or three that replicate to each other. */
export type Brokers = 1 | 3;

/**
 * As many as were asked for, else as many as the data in the state folder are of, else one.
 * @throws CliError when the data are of another number: topics do not spread to new brokers by themselves
 */
export function brokersToRun(stateDir: string, asked: Brokers | undefined): Brokers {
  const has = (name: string): boolean => existsSync(join(stateDir, 'data', name));
  const kept = has('kafka-1') ? 3 : has('kafka') ? 1 : undefined;
  if (kept !== undefined && asked !== undefined && kept !== asked) {
    const words = `the data in ${stateDir} are of ${kept === 1 ? 'one Kafka broker' : 'three Kafka brokers'}`;
    throw new CliError(
      `${words}, not of ${asked}: leave --brokers out, choose another STOA_STATE_DIR, or npm run reset`,
    );
  }
  return asked ?? kept ?? 1;
}

/** The brokers as members of the stack: `kafka`, or `kafka-1` to `kafka-3`. Each keeps its ports for as long as the stack lives. */
export async function brokerMembers(
  stateDir: string,
  brokers: Brokers,
  proxies: Proxies | undefined,
): Promise<Member<KafkaServer>[]> {
  if (brokers === 1) return [await brokerMember(stateDir, 'kafka', proxies)];
  const controllerPorts = await Promise.all(Array.from({ length: brokers }, freePort));
  return Promise.all(
    controllerPorts.map((_, n) => brokerMember(stateDir, `kafka-${n + 1}`, proxies, { node: n + 1, controllerPorts })),
  );
}

async function brokerMember(
  stateDir: string,
  name: string,
  proxies: Proxies | undefined,
  cluster?: Cluster,
): Promise<Member<KafkaServer>> {
  const [port, behind] = [await freePort(), await freePort()];
  const dataDir = join(stateDir, 'data', name);
  const options = {
    ...{ port, dataDir, logFile: logFile(stateDir, name) },
    ...(cluster ? { cluster } : {}),
    ...(proxies ? { proxied: { port: behind, advertised: await proxies.before(name, behind) } } : {}),
  };
  return { name, kind: 'kafka', port, start: (starting) => startKafka({ ...options, ...starting }) };
}
