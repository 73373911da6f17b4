import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cached } from '../../state-dir/cache.js';
import { CliError } from '@stoa/cli';
import { run } from '../../machine/run.js';
import type { Java } from '../java.js';
import { asProperties, brokerProperties } from './properties.js';

// 16 bytes in base64url that read "stoa-local-kafka". A fixed id lets one formatted folder be the template of all.
const CLUSTER_ID = 'c3RvYS1sb2NhbC1rYWZrYQ';

export interface Format {
  java: Java;
  /** The folder of the jars, whose name says their version. */
  jars: string;
  /** Arguments of the JVM: logging and class path. */
  flags: string[];
  dataDir: string;
  /** The broker's number, from 1. */
  node: number;
}

/** Kafka's own formatting starts a JVM; it is done once per version and copied from then on. */
export async function formatOnce({ java, jars, flags, dataDir, node }: Format): Promise<void> {
  if (existsSync(join(dataDir, 'meta.properties'))) return;
  const template = await cached(`${jars.split('/').at(-1)}-formatted`, async (dir) => {
    const configuration = join(dir, '../../server.properties');
    const properties = brokerProperties({ port: 9092, node: 1, controllerPorts: [9093], dataDir: dir });
    await writeFile(configuration, asProperties(properties));
    const args = ['-Xmx128m', '-XX:TieredStopAtLevel=1', ...flags, 'kafka.tools.StorageTool'];
    const { code, output } = await run(java.command, [...args, 'format', '-t', CLUSTER_ID, '-c', configuration]);
    if (code !== 0) throw new CliError(`Kafka could not format a data folder: ${output.trim().split('\n').at(-1)}`);
  });
  const unfinished = `${dataDir}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(dataDir), { recursive: true });
  await cp(template, unfinished, { recursive: true });
  await identify(join(unfinished, 'meta.properties'), node);
  await rename(unfinished, dataDir);
}

/** Of one cluster no two folders may have the same number or id. */
async function identify(file: string, node: number): Promise<void> {
  const before = await readFile(file, 'utf8');
  const id = randomBytes(16).toString('base64url');
  const after = before
    .replace(/^node\.id=.*$/m, `node.id=${node}`)
    .replace(/^directory\.id=.*$/m, `directory.id=${id}`);
  await writeFile(file, after);
}
