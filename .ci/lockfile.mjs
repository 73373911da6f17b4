// Checks package-lock.json: each package of the registry has the checksum (`integrity`) that npm ci holds the download
// against, and none comes from elsewhere. npm leaves checksums out when it makes the lock file from a node_modules
// whose packages it did not download itself; `node .ci/lockfile.mjs --write` asks the registry for them, by npm.
// `node .ci/lockfile.mjs FILE` checks another file.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const REGISTRY = 'https://registry.npmjs.org/';
const FORM = /^sha512-[A-Za-z0-9+/]{86}==$/;
/** Requests to the registry side by side. */
const PARALLEL = 4;
/** Faults that are named; all are counted. */
const SHOWN = 10;

const given = process.argv.slice(2).find((argument) => !argument.startsWith('-'));
const file = given ?? path.resolve(import.meta.dirname, '../package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));

const nameOf = (place, { name }) => name ?? place.split('node_modules/').at(-1);
/** @returns {[string, any][]} what npm downloads, by its place: no workspaces, no links to them */
const packages = () =>
  Object.entries(lock.packages).filter(([place, { link }]) => place.includes('node_modules/') && !link);

/** @returns {string | undefined} what is wrong with a package */
function fault({ integrity, resolved = REGISTRY, inBundle }) {
  if (!resolved.startsWith(REGISTRY)) return `comes from ${URL.canParse(resolved) ? new URL(resolved).host : resolved}`;
  if (inBundle || FORM.test(integrity ?? '')) return undefined;
  return integrity === undefined ? 'has no integrity' : 'has an integrity that is no SHA-512';
}

async function fill(entry, id) {
  const { stdout } = await promisify(execFile)('npm', ['view', id, 'dist.integrity', '--json', '--registry', REGISTRY]);
  entry.integrity = JSON.parse(stdout);
}

/** npm's order of the fields, so that its next change of the file is a small one. */
const ORDER = ['name', 'version', 'resolved', 'integrity'];
const ordered = (entry) =>
  Object.fromEntries([
    ...ORDER.flatMap((key) => (key in entry ? [[key, entry[key]]] : [])),
    ...Object.entries(entry).filter(([key]) => !ORDER.includes(key)),
  ]);

async function write() {
  const queue = packages().filter(([, entry]) => fault(entry) !== undefined);
  const work = async () => {
    for (let next = queue.pop(); next; next = queue.pop()) {
      const [place, entry] = next;
      delete entry.resolved;
      await fill(entry, `${nameOf(place, entry)}@${entry.version}`);
      lock.packages[place] = ordered(entry);
      process.stdout.write(`${nameOf(place, entry)}@${entry.version}\n`);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}

if (process.argv.includes('--write')) await write();
const faults = packages().flatMap(([place, entry]) => {
  const why = fault(entry);
  return why === undefined ? [] : [`${place} ${why}`];
});
for (const line of faults.slice(0, SHOWN)) process.stderr.write(`${line}\n`);
if (faults.length > 0) {
  process.stderr.write(`${faults.length} of ${packages().length}: node .ci/lockfile.mjs --write asks for checksums\n`);
  process.exitCode = 1;
}
