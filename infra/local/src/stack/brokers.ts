import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import { freePort } from '../ports.js';
import { startKafka, type Cluster, type KafkaServer } from '../servers/kafka.js';
import type { Member } from './keeper.js';
import { logFile } from './members.js';

/** How many Kafka brokers run: one, or three that replicate to each other. */
export type Brokers = 1 | 3;

/**
 * As many as were asked for, else as many as the data in the state folder are of, else one.
 * @throws Failure when the data are of another number: topics do not spread to new brokers by themselves
 */
export function brokersToRun(stateDir: string, asked: Brokers | undefined): Brokers {
  const has = (name: string): boolean => existsSync(join(stateDir, 'data', name));
  const kept = has('kafka-1') ? 3 : has('kafka') ? 1 : undefined;
  if (kept !== undefined && asked !== undefined && kept !== asked) {
    const words = `the data in ${stateDir} are of ${kept === 1 ? 'one Kafka broker' : 'three Kafka brokers'}`;
    throw new Failure(
      `${words}, not of ${asked}: leave --brokers out, choose another STOA_STATE_DIR, or npm run reset`,
    );
  }
  return asked ?? kept ?? 1;
}

/** The brokers as members of the stack: `kafka`, or `kafka-1` to `kafka-3`. Each keeps its ports for as long as the stack lives. */
export async function brokerMembers(stateDir: string, brokers: Brokers): Promise<Member<KafkaServer>[]> {
  if (brokers === 1) return [brokerMember(stateDir, 'kafka', await freePort())];
  const ports = await Promise.all(Array.from({ length: brokers }, freePort));
  const controllerPorts = await Promise.all(Array.from({ length: brokers }, freePort));
  return ports.map((port, n) => brokerMember(stateDir, `kafka-${n + 1}`, port, { node: n + 1, controllerPorts }));
}

function brokerMember(stateDir: string, name: string, port: number, cluster?: Cluster): Member<KafkaServer> {
  const dataDir = join(stateDir, 'data', name);
  const options = { port, dataDir, logFile: logFile(stateDir, name), ...(cluster ? { cluster } : {}) };
  return { name, kind: 'kafka', port, start: (starting) => startKafka({ ...options, ...starting }) };
}
