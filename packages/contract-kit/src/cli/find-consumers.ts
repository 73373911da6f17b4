import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContractDocument } from '../document/contract-document.js';

/** How other packages import a contract. */
export interface ContractImport {
  readonly packageName: string;
  readonly exportName: string;
}

/** By a declaration's name, the files of this repository that consume it: `@stoa/cart: src/cart.module.ts`. */
export type Consumers = ReadonlyMap<string, readonly string[]>;

interface Package {
  readonly folder: string;
  readonly name: string;
  readonly dependencies: ReadonlySet<string>;
}

interface Manifest {
  readonly name: string;
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
}

const readManifest = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;

/** The folders that a workspace entry means: `apps/*` or a plain path. */
async function foldersOf(root: string, entry: string): Promise<string[]> {
  if (!entry.endsWith('/*')) return [join(root, entry)];
  const parent = join(root, entry.slice(0, -2));
  return existsSync(parent) ? (await readdir(parent)).map((name) => join(parent, name)) : [];
}

async function packagesOf(root: string): Promise<Package[]> {
  if (!existsSync(join(root, 'package.json'))) return [];
  const { workspaces = [] } = await readManifest(root);
  const folders = (await Promise.all(workspaces.map((entry) => foldersOf(root, entry)))).flat();
  const present = folders.filter((folder) => existsSync(join(folder, 'package.json')));
  return Promise.all(
    present.map(async (folder) => {
      const { name, dependencies = {} } = await readManifest(folder);
      return { folder, name, dependencies: new Set(Object.keys(dependencies)) };
    }),
  );
}

/** The names under which a file imports the contract; empty when it doesn't. */
function bindingsOf(source: string, contractPackage: string, contractName: string): string[] {
  const imports = source.matchAll(/import (?:type )?\{([^}]*)\} from '([^']+)'/g);
  const names = [...imports].filter(([, , from]) => from === contractPackage).map(([, list = '']) => list);
  return names
    .flatMap((list) => list.split(','))
    .map((item) =>
      item
        .trim()
        .replace(/^type /, '')
        .split(' as '),
    )
    .filter(([imported]) => imported === contractName)
    .map(([imported = '', alias]) => alias ?? imported);
}

/**
 * Subscriptions to the contract's events and states, and values of its operations: not its types, nor what is
 * published.
 */
function* usesOf(source: string, binding: string, { operations }: ContractDocument): Generator<string> {
  const uses = new RegExp(String.raw`(onEvent\(\s*|onState\(\s*|typeof )?\b${binding}\.(\w+)`, 'g');
  for (const [, before, name = ''] of source.matchAll(uses)) {
    if (name in operations ? before !== 'typeof ' : before?.startsWith('on')) yield name;
  }
}

async function sourcesOf({ folder }: Package): Promise<string[]> {
  if (!existsSync(join(folder, 'src'))) return [];
  const files = await readdir(join(folder, 'src'), { recursive: true });
  return files.filter((file) => file.endsWith('.ts') && !/\.(?:spec|test-d|suite|d)\.ts$/.test(file)).toSorted();
}

/**
 * Finds who in this repository consumes a contract: the packages that depend on its package, with the files that
 * subscribe to one of its events or states or send one of its operations. Services elsewhere are not known here.
 */
export async function findConsumers(
  root: string,
  document: ContractDocument,
  { packageName, exportName }: ContractImport,
): Promise<Consumers> {
  const consumers = new Map<string, string[]>();
  const packages = (await packagesOf(root)).filter(({ dependencies }) => dependencies.has(packageName));
  for (const each of packages) {
    for (const file of await sourcesOf(each)) {
      const source = await readFile(join(each.folder, 'src', file), 'utf8');
      const bindings = bindingsOf(source, packageName, exportName);
      for (const name of new Set(bindings.flatMap((binding) => [...usesOf(source, binding, document)]))) {
        consumers.set(name, [...(consumers.get(name) ?? []), `${each.name}: src/${file}`]);
      }
    }
  }
  return consumers;
}
