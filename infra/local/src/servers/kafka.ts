import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheDir, localRoot } from '../state-dir/paths.js';
import { freePort } from '../machine/ports.js';
import { startChild, startingOf, type Running, type Starting } from './child.js';
import { findJava, type Java } from './java.js';
import { formatOnce } from './broker/format.js';
import { asProperties, brokerProperties, type Proxied } from './broker/properties.js';
import { serves } from './broker/probe.js';
import { jarsOf } from './maven.js';

export interface KafkaOptions extends Starting {
  /** Its log segments and metadata; made at the first start. */
  dataDir: string;
  /** A free one if left out. */
  port?: number;
  logFile?: string;
  /** Its place among several brokers; left out, it is the only one. */
  cluster?: Cluster;
  /** Clients reach it through a proxy: `brokers` names that. */
  proxied?: Proxied;
  /** Clients must say who they are, and may do what they have a right to; left out, anybody may do anything. */
  adminPassword?: string;
  /** Further broker settings, which win over ours. */
  settings?: Record<string, string>;
}

/** Brokers that are each other's controllers too: most of them must live. */
export interface Cluster {
  /** This one's number, from 1. */
  node: number;
  /** Where each broker's controller listens on 127.0.0.1, by number: the same for all of them. */
  controllerPorts: readonly number[];
}

export interface KafkaServer extends Running {
  port: number;
  /** host:port, as clients want it. */
  brokers: string;
}

const INSTEAD = 'set KAFKA_BROKERS to a broker of yours';

// C1 only, the serial collector and a class archive bring the start from 2.4 s to 1 s, and memory from 212 to 150 MB.
const JVM_FLAGS = [
  '-Xms64m',
  '-Xmx256m',
  '-Xss512k',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:ReservedCodeCacheSize=64m',
  '-XX:-UsePerfData',
  '-Xlog:cds=error',
  '-XX:+ExitOnOutOfMemoryError',
  '-Djava.awt.headless=true',
  '-Dlog4j2.disableJmx=true',
];

/**
 * Starts a Kafka broker (KRaft, a controller too) that listens on 127.0.0.1 only. One of a cluster is ready once most
 * of them run.
 */
export async function startKafka(options: KafkaOptions): Promise<KafkaServer> {
  const [java, jars] = await Promise.all([findJava(), jarsOf('kafka', INSTEAD)]);
  const classPath = await classPathOf(jars);
  const port = options.port ?? (await freePort());
  const { node, controllerPorts } = options.cluster ?? { node: 1, controllerPorts: [await freePort()] };
  const { proxied, adminPassword } = options;
  const place = { port, node, controllerPorts, dataDir: options.dataDir };
  const properties = brokerProperties({
    ...place,
    ...(proxied && { proxied }),
    ...(adminPassword && { adminPassword }),
  });
  await formatOnce({ java, jars, flags: [logging(), '-cp', classPath], dataDir: options.dataDir, node });
  await chmod(options.dataDir, 0o700);
  const configuration = `${options.dataDir}.properties`;
  await writeFile(configuration, asProperties({ ...properties, ...options.settings }), { mode: 0o600 });
  await chmod(configuration, 0o600); // the mode above is for new files only
  const archive = await classArchive(java, jars);
  const running = await startChild({
    ...startingOf(options),
    name: options.cluster ? `Kafka ${node}` : 'Kafka',
    command: java.command,
    args: [...JVM_FLAGS, archive.flag, logging(), '-cp', classPath, 'kafka.Kafka', configuration],
    logFile: options.logFile ?? join(dirname(options.dataDir), 'kafka.log'),
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 60_000, // the first one writes the class archive: 4 s of CPU
    probe: () => serves(port, adminPassword),
  });
  void running.exited.then(archive.keep).catch(() => undefined);
  const stop = async (): Promise<void> => {
    await running.stop();
    await archive.keep();
  };
  return { ...running, stop, port, brokers: `127.0.0.1:${proxied?.advertised ?? port}` };
}

function logging(): string {
  return `-Dlog4j2.configurationFile=${join(localRoot, 'kafka/log4j2.properties')}`;
}

async function classPathOf(jars: string): Promise<string> {
  const names = await readdir(jars);
  // Sorted: a class archive is good only for the very class path that it was made with.
  return names
    .filter((name) => name.endsWith('.jar'))
    .toSorted()
    .map((name) => join(jars, name))
    .join(':');
}

interface ClassArchive {
  flag: string;
  keep: () => Promise<void>;
}

/** The JVM's archive of loaded classes: it is used if it exists, else the JVM writes it when it exits in order. */
async function classArchive(java: Java, jars: string): Promise<ClassArchive> {
  const archive = join(cacheDir(), `${jars.split('/').at(-1)}-${java.fingerprint}.jsa`);
  if (existsSync(archive)) return { flag: `-XX:SharedArchiveFile=${archive}`, keep: async () => undefined };
  const written = `${archive}.${randomBytes(4).toString('hex')}`;
  const keep = async (): Promise<void> => {
    await rename(written, archive).catch(() => undefined); // missing: the JVM was killed, the next one will write it
  };
  return { flag: `-XX:ArchiveClassesAtExit=${written}`, keep };
}
