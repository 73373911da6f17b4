// Asks the registry whether a package of package-lock.json has a known fault (`npm audit`), and whether its registry
// signed each (`npm audit signatures`, which needs the registry's keys and Sigstore's). Ends with 0: asked, nothing
// found; 1: something was found; 2: one of both could not be asked, and nothing is known of it.
import { spawnSync } from 'node:child_process';

/** Less than npm's own retries, which take over a minute where there is no network. */
const NPM = ['--fetch-retries=1', '--fetch-timeout=20000'];
/** From here on an advisory is a reason to fail. */
const LEVEL = 'high';
const say = (line) => process.stdout.write(`${line}\n`);

function ask(...args) {
  const { stdout, stderr, status } = spawnSync('npm', [...args, '--json', ...NPM], {
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 1 << 27,
  });
  let reply;
  try {
    reply = JSON.parse(stdout);
  } catch {
    reply = {};
  }
  return { reply, status, why: reply.error?.summary || reply.message || stderr.split('\n')[0] || 'no answer' };
}

function advisories() {
  const { reply, status, why } = ask('audit', `--audit-level=${LEVEL}`);
  if (!reply.vulnerabilities) {
    say(`advisories: NOT ASKED: ${why}`);
    return 2;
  }
  for (const { name, severity, via } of Object.values(reply.vulnerabilities)) {
    say(`advisories: ${severity}: ${name}: ${via.map((each) => each.title ?? each).join('; ')}`);
  }
  if (status === 0) say(`advisories: none of level ${LEVEL} or above`);
  return status === 0 ? 0 : 1;
}

function signatures() {
  const { reply, why } = ask('audit', 'signatures');
  if (!reply.invalid) {
    say(`signatures: NOT ASKED: ${why}`);
    return 2;
  }
  const bad = [...reply.invalid, ...(reply.missing ?? [])];
  for (const { name, version } of bad) say(`signatures: ${name}@${version} has none, or a wrong one`);
  if (bad.length === 0) say('signatures: all are right');
  return bad.length === 0 ? 0 : 1;
}

const results = [advisories(), signatures()];
process.exitCode = results.includes(1) ? 1 : Math.max(...results);
