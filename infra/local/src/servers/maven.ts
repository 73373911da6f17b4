import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cached } from '../state-dir/cache.js';
import { CliError, reason } from '@stoa/cli';
import { localRoot } from '../state-dir/paths.js';
import { checksumFaults } from '../machine/checksums.js';
import { onPath, run } from '../machine/run.js';

// A fixed version: Maven's own choice differs from one Maven to the next.
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';

/**
 * The folder with the jars of `infra/local/<name>/pom.xml`, downloaded once per content of that pom and of the list of
 * their checksums beside it: `sha256sum *` in this folder makes the list of another version.
 * @param instead the setting to use when Maven can't be had, for the message
 */
export function jarsOf(name: string, instead: string): Promise<string> {
  const pom = join(localRoot, name, 'pom.xml');
  const text = readFileSync(pom, 'utf8');
  const version = /<version>([^<]+)<\/version>/.exec(text)?.[1] ?? 'unknown';
  const sums = readFileSync(join(localRoot, name, 'checksums.sha256'), 'utf8');
  const hash = createHash('sha256').update(text).update(sums).digest('hex').slice(0, 8);
  return cached(`${name}-${version}-${hash}`, async (dir) => {
    await copyJars(pom, dir, instead);
    await expectChecksums(name, dir, sums);
  });
}

/** Maven itself compares with what the same server says, so it would believe a server that changed both. */
async function expectChecksums(name: string, dir: string, sums: string): Promise<void> {
  const files = new Map<string, Buffer>();
  for (const file of await readdir(dir)) files.set(file, await readFile(join(dir, file)));
  const faults = checksumFaults(sums, files);
  if (faults.length === 0) return;
  throw new CliError(`Maven brought other jars than infra/local/${name}/checksums.sha256 lists: ${faults.join('; ')}`);
}

async function copyJars(pom: string, dir: string, instead: string): Promise<void> {
  const what = basename(join(pom, '..'));
  const maven = onPath('mvn');
  if (!maven) {
    throw new CliError(`Maven (mvn) is not on PATH, and ${what} is downloaded with it: install Maven, or ${instead}`);
  }
  const args = ['-B', '-q', '-f', pom, `${PLUGIN}:copy-dependencies`, `-DoutputDirectory=${dir}`];
  const result = await run(maven, args, { cwd: dir }).catch((error: unknown) => ({ code: 1, output: reason(error) }));
  const jars = await readdir(dir);
  if (result.code === 0 && jars.length > 0) return;
  const lines = result.output.split('\n').map((line) => line.trim());
  const line =
    lines.find((each) => each.includes('[ERROR]')) ?? lines.findLast((each) => each !== '') ?? 'it said nothing';
  const why = line.replace('[ERROR]', '').replaceAll(/\s+/g, ' ').trim().slice(0, 300);
  throw new CliError(
    `Maven could not download ${what} (${why}): check the network and Maven's settings, or ${instead}`,
  );
}
