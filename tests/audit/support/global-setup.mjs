import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdirSync } from 'node:fs';
import path from 'node:path';
import { bringUp } from '../../support/own-stack.mjs';

/** Room for logs: enough for a run, little enough to be filled. */
const LOGS = 'size=256m';

/**
 * Brings up the audit's own stack: two clones of each service, a proxy before each server where Toxiproxy is found, and
 * logs on a disk of their own. It prints what this machine lacks; the faults that need it are skipped.
 */
export default async function globalSetup() {
  const { STOA_AUDIT_SEED: seed, STOA_AUDIT_MINUTES: minutes, STOA_AUDIT_BROKERS: brokers } = process.env;
  process.stdout.write(`\naudit: seed ${seed}, ${minutes} minutes (these faults again: --seed ${seed})\n`);
  const lacking = {};
  const hasToxiproxy = findToxiproxy();
  if (!hasToxiproxy) lacking.toxiproxy = 'toxiproxy-server is neither on PATH nor named by TOXIPROXY_SERVER';
  const words = ['--clones', 'cart=2', 'profile=2', 'shards=2'];
  if (hasToxiproxy) words.push('--toxiproxy');
  if (Number(brokers) > 1) words.push('--brokers', brokers);
  const prepare = (stateDir) => {
    const why = giveLogsADisk(stateDir);
    if (why) lacking['small disk'] = why;
  };
  const tidy = (stateDir) => {
    if (!lacking['small disk']) execFileSync('umount', [path.join(stateDir, 'logs')]);
  };
  await bringUp(words, { RATE_LIMITS: 'off' }, prepare, tidy);
  process.env.STOA_AUDIT_LACKING = JSON.stringify(lacking);
  process.stdout.write(`audit: data and logs in ${process.env.STOA_STATE_DIR}\n`);
}

function findToxiproxy() {
  const { TOXIPROXY_SERVER: named, PATH = '' } = process.env;
  const places = named ? [named] : PATH.split(path.delimiter).map((dir) => path.join(dir, 'toxiproxy-server'));
  return places.some((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @returns why not, if not */
function giveLogsADisk(stateDir) {
  const logs = path.join(stateDir, 'logs');
  mkdirSync(logs, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', LOGS, 'tmpfs', logs], { stdio: 'pipe' });
    return undefined;
  } catch {
    return 'this user may not mount one (tmpfs)';
  }
}
