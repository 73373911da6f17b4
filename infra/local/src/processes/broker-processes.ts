import { join } from 'node:path';
import { freePort } from '../machine/ports.js';
import type { Brokers } from '../plan/brokers.js';
import { startKafka, type Cluster, type KafkaServer } from '../servers/kafka.js';
import { logFile } from '../state-dir/files.js';
import type { ServerProxies } from './server-proxies.js';
import type { ProcessSpec } from './supervised-process.js';

/**
 * The Kafka brokers as processes of the stack: `kafka`, or `kafka-1` to `kafka-3`.
 * Each keeps its ports for as long as the stack runs.
 */
export async function brokerProcesses(
  stateDir: string,
  brokers: Brokers,
  adminPassword: string,
  proxies: ServerProxies | undefined,
): Promise<ProcessSpec<KafkaServer>[]> {
  if (brokers === 1) return [await brokerProcess(stateDir, 'kafka', adminPassword, proxies)];
  const controllerPorts = await Promise.all(Array.from({ length: brokers }, freePort));
  return Promise.all(
    controllerPorts.map((_, n) =>
      brokerProcess(stateDir, `kafka-${n + 1}`, adminPassword, proxies, { node: n + 1, controllerPorts }),
    ),
  );
}

async function brokerProcess(
  stateDir: string,
  name: string,
  adminPassword: string,
  proxies: ServerProxies | undefined,
  cluster?: Cluster,
): Promise<ProcessSpec<KafkaServer>> {
  const [port, proxiedPort] = [await freePort(), await freePort()];
  const proxied = proxies && { port: proxiedPort, advertised: await proxies.add(name, proxiedPort) };
  const options = {
    port,
    adminPassword,
    dataDir: join(stateDir, 'data', name),
    logFile: logFile(stateDir, name),
    ...(cluster && { cluster }),
    ...(proxied && { proxied }),
  };
  return { name, kind: 'kafka', port, start: (starting) => startKafka({ ...options, ...starting }) };
}
