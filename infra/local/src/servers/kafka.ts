import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cached } from '../cache.js';
import { Failure } from '../failure.js';
import { cacheDir, localRoot } from '../paths.js';
import { freePort } from '../ports.js';
import { run } from '../run.js';
import { startChild, startingOf, type Running, type Starting } from './child.js';
import { findJava, type Java } from './java.js';
import { brokerProperties } from './kafka-properties.js';
import { jarsOf } from './maven.js';
import { ask } from './probe.js';

export interface KafkaOptions extends Starting {
  /** Its log segments and metadata; made at the first start. */
  dataDir: string;
  /** A free one if left out. */
  port?: number;
  logFile?: string;
  /** Further broker settings, which win over ours. */
  settings?: Record<string, string>;
}

export interface KafkaServer extends Running {
  port: number;
  /** host:port, as clients want it. */
  brokers: string;
}

// 16 bytes in base64url that read "stoa-local-kafka". A fixed id lets one formatted folder serve as everybody's template.
const CLUSTER_ID = 'c3RvYS1sb2NhbC1rYWZrYQ';
const INSTEAD = 'set KAFKA_BROKERS to a broker of yours';

// Measured: C1 only, the serial collector and a class archive bring the start from 2.4 s to 1 s and the memory from 212 to 150 MB.
const JVM_FLAGS = [
  ...[
    '-Xms64m',
    '-Xmx256m',
    '-Xss512k',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-XX:ReservedCodeCacheSize=64m',
  ],
  ...[
    '-XX:-UsePerfData',
    '-Xlog:cds=error',
    '-XX:+ExitOnOutOfMemoryError',
    '-Djava.awt.headless=true',
    '-Dlog4j2.disableJmx=true',
  ],
];

/** Starts a single Kafka broker (KRaft, its own controller) that listens on 127.0.0.1 only. */
export async function startKafka(options: KafkaOptions): Promise<KafkaServer> {
  const [java, jars] = await Promise.all([findJava(), jarsOf('kafka', INSTEAD)]);
  const classPath = await classPathOf(jars);
  const port = options.port ?? (await freePort());
  const properties = brokerProperties({ port, controllerPort: await freePort(), dataDir: options.dataDir });
  await formatOnce(java, jars, classPath, options.dataDir);
  const configuration = `${options.dataDir}.properties`;
  await writeFile(configuration, asProperties({ ...properties, ...options.settings }));
  const archive = await classArchive(java, jars);
  const running = await startChild({
    ...startingOf(options),
    name: 'Kafka',
    command: java.command,
    args: [...JVM_FLAGS, archive.flag, logging(), '-cp', classPath, 'kafka.Kafka', configuration],
    logFile: options.logFile ?? join(dirname(options.dataDir), 'kafka.log'),
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 60_000, // the first one writes the class archive: 4 s of CPU
    probe: () => knowsABroker(port),
  });
  void running.exited.then(archive.keep).catch(() => undefined);
  const stop = async (): Promise<void> => {
    await running.stop();
    await archive.keep();
  };
  return { ...running, stop, port, brokers: `127.0.0.1:${port}` };
}

function logging(): string {
  return `-Dlog4j2.configurationFile=${join(localRoot, 'kafka/log4j2.properties')}`;
}

function asProperties(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
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

/** Kafka's own formatting starts a JVM; it is done once per version and copied from then on. */
async function formatOnce(java: Java, jars: string, classPath: string, dataDir: string): Promise<void> {
  if (existsSync(join(dataDir, 'meta.properties'))) return;
  const template = await cached(`${jars.split('/').at(-1)}-formatted`, async (dir) => {
    const configuration = join(dir, '../server.properties');
    await writeFile(configuration, asProperties(brokerProperties({ port: 9092, controllerPort: 9093, dataDir: dir })));
    const flags = ['-Xmx128m', '-XX:TieredStopAtLevel=1', logging(), '-cp', classPath, 'kafka.tools.StorageTool'];
    const { code, output } = await run(java.command, [...flags, 'format', '-t', CLUSTER_ID, '-c', configuration]);
    if (code !== 0) throw new Failure(`Kafka could not format a data folder: ${output.trim().split('\n').at(-1)}`);
  });
  const unfinished = `${dataDir}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(dataDir), { recursive: true });
  await cp(template, unfinished, { recursive: true });
  await rename(unfinished, dataDir);
}

interface ClassArchive {
  flag: string;
  keep: () => Promise<void>;
}

/** The JVM's archive of loaded classes: used if there is one, else the JVM is told to write one when it exits in order. */
async function classArchive(java: Java, jars: string): Promise<ClassArchive> {
  const archive = join(cacheDir(), `${jars.split('/').at(-1)}-${java.fingerprint}.jsa`);
  if (existsSync(archive)) return { flag: `-XX:SharedArchiveFile=${archive}`, keep: async () => undefined };
  const written = `${archive}.${randomBytes(4).toString('hex')}`;
  const keep = async (): Promise<void> => {
    await rename(written, archive).catch(() => undefined); // not there: the JVM was killed, the next one will write it
  };
  return { flag: `-XX:ArchiveClassesAtExit=${written}`, keep };
}

/** A Metadata request (version 1, no topics): the broker serves clients once it lists itself. */
async function knowsABroker(port: number): Promise<void> {
  const clientId = Buffer.from('stoa');
  const request = Buffer.alloc(18 + clientId.length);
  request.writeInt32BE(request.length - 4, 0);
  request.writeInt16BE(3, 4); // Metadata
  request.writeInt16BE(1, 6); // version
  request.writeInt32BE(1, 8); // correlation id
  request.writeInt16BE(clientId.length, 12);
  clientId.copy(request, 14);
  request.writeInt32BE(0, 14 + clientId.length); // no topics
  const answer = await ask(port, request, (bytes) => bytes.length >= 12);
  if (answer.readInt32BE(8) < 1) throw new Error('the broker has not joined its cluster yet');
}
