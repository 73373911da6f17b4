import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import { onPath, run } from '../machine/run.js';

const OLDEST = 17;

export interface Java {
  command: string;
  /** Differs between any two Java runtimes: a class archive made by one is of no use to the other. */
  fingerprint: string;
}

/** Finds Java 17 or newer: JAVA_HOME first, then PATH. */
export async function findJava(): Promise<Java> {
  const instead = 'install a JDK (17 or newer) or set KAFKA_BROKERS to a broker of yours';
  const home = process.env.JAVA_HOME;
  const command = home ? join(home, 'bin/java') : onPath('java');
  if (!command) throw new CliError(`Java is not on PATH, and Kafka needs it: ${instead}`);
  const { code, output } = await run(command, ['-version'], { timeoutMs: 30_000 }).catch(() => ({
    code: 1,
    output: '',
  }));
  const version = /version "(?:1\.)?(\d+)/.exec(output)?.[1];
  if (code !== 0 || !version) throw new CliError(`${command} does not run, and Kafka needs Java: ${instead}`);
  if (Number(version) < OLDEST)
    throw new CliError(`${command} is Java ${version}, and Kafka needs ${OLDEST}: ${instead}`);
  return {
    command,
    fingerprint: createHash('sha256')
      .update(command + output)
      .digest('hex')
      .slice(0, 12),
  };
}
