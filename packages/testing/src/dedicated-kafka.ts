import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, removeAtExit, startKafka, type KafkaServer } from '@stoa/local';
import { freeze } from './freeze.js';

export interface DedicatedKafka {
  /** `host:port`, the same after each start. */
  readonly brokers: string;
  /** Starts it (again), with the data of before. */
  start(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Lets it stand still, connections open. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Stops it and removes its data. */
  end(): Promise<void>;
}

/**
 * A Kafka broker of one test's own, for tests that stop or freeze it: the shared one is everybody's. Started already.
 * @param secured with a password for `admin` (SASL PLAIN), nobody else may do anything
 */
export async function dedicatedKafka(secured: { readonly adminPassword?: string } = {}): Promise<DedicatedKafka> {
  const dir = await mkdtemp(join(tmpdir(), 'stoa-kafka-'));
  await chmod(dir, 0o711);
  removeAtExit(dir);
  const port = await freePort();
  let server: KafkaServer | undefined;
  const own: DedicatedKafka = {
    brokers: `127.0.0.1:${port}`,
    start: async () => {
      server = await startKafka({ dataDir: join(dir, 'kafka'), port, ...secured });
    },
    kill: async () => server?.kill(),
    freeze: async () => {
      if (server) await freeze(server);
    },
    thaw: () => {
      if (server) process.kill(server.pid, 'SIGCONT');
    },
    end: async () => {
      await server?.kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
  await own.start();
  return own;
}

export interface DedicatedBrokers {
  /** `host:port` of each, with commas between. */
  readonly brokers: string;
  /** SIGKILL for one of them, by its number from 1. */
  kill(node: number): Promise<void>;
  /** Starts one (again), with the data of before. */
  start(node: number): Promise<void>;
  /** Stops all and removes their data. */
  end(): Promise<void>;
}

/** Three Kafka brokers of one test's own that replicate to each other. Started already. */
export async function dedicatedBrokers(): Promise<DedicatedBrokers> {
  const dir = await mkdtemp(join(tmpdir(), 'stoa-kafka-'));
  await chmod(dir, 0o711);
  removeAtExit(dir);
  const nodes = [1, 2, 3];
  const ports = await Promise.all(nodes.map(freePort));
  const controllerPorts = await Promise.all(nodes.map(freePort));
  const servers = new Map<number, KafkaServer>();
  const own: DedicatedBrokers = {
    brokers: ports.map((port) => `127.0.0.1:${port}`).join(','),
    kill: async (node) => servers.get(node)?.kill(),
    start: async (node) => {
      const at = { dataDir: join(dir, `kafka-${node}`), port: ports[node - 1] ?? 0 };
      servers.set(node, await startKafka({ ...at, cluster: { node, controllerPorts } }));
    },
    end: async () => {
      await Promise.all([...servers.values()].map((server) => server.kill()));
      await rm(dir, { recursive: true, force: true });
    },
  };
  await Promise.all(nodes.map(own.start));
  return own;
}
