import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ServiceContract } from '../declarations/declaration.js';
import type { ContractDocument } from '../document/contract-document.js';
import { toDocument } from '../document/to-document.js';
import type { ContractImport } from './find-consumers.js';

const isContract = (value: unknown): value is ServiceContract =>
  typeof value === 'object' && value !== null && '$about' in value;

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T;
}

/** A contract's package, with what is kept of it: `contract.json` as it is now, `released/<version>.json` as it was. */
export class ContractFolder {
  constructor(
    readonly folder: string,
    readonly document: ContractDocument,
    readonly imported: ContractImport,
  ) {}

  /**
   * The contract that a built package exports.
   * @throws Error when it is not built or exports no contract.
   */
  static async open(folder: string): Promise<ContractFolder> {
    const main = join(folder, 'dist/index.js');
    if (!existsSync(main)) throw new Error(`${folder} is not built: run "npm run build" first`);
    const exported = Object.entries((await import(pathToFileURL(main).href)) as object);
    const found = exported.find((entry): entry is [string, ServiceContract] => isContract(entry[1]));
    if (!found) throw new Error(`${folder} exports no contract (what service(...) returns)`);
    const { name: packageName = '' } = await readJson<{ name?: string }>(join(folder, 'package.json'));
    return new ContractFolder(folder, toDocument(found[1]), { packageName, exportName: found[0] });
  }

  /** The text that `contract.json` should have. */
  get text(): string {
    return `${JSON.stringify(this.document, null, 2)}\n`;
  }

  get snapshotFile(): string {
    return join(this.folder, 'contract.json');
  }

  /** The snapshot as committed; undefined if there is none. */
  async snapshot(): Promise<string | undefined> {
    return existsSync(this.snapshotFile) ? readFile(this.snapshotFile, 'utf8') : undefined;
  }

  async writeSnapshot(): Promise<void> {
    await writeFile(this.snapshotFile, this.text);
  }

  /** All released versions, the newest first. */
  async released(): Promise<ContractDocument[]> {
    const folder = join(this.folder, 'released');
    if (!existsSync(folder)) return [];
    const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));
    const documents = await Promise.all(files.map((name) => readJson<ContractDocument>(join(folder, name))));
    return documents.toSorted((a, b) => b.version - a.version);
  }

  async writeRelease(): Promise<void> {
    await mkdir(join(this.folder, 'released'), { recursive: true });
    await writeFile(join(this.folder, 'released', `${this.document.version}.json`), this.text);
  }
}

/** Every package in `packages/contracts`. @throws Error naming the first that can't be read. */
export async function openContracts(root: string): Promise<ContractFolder[]> {
  const parent = join(root, 'packages/contracts');
  const entries = await readdir(parent, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory() && existsSync(join(parent, entry.name, 'package.json')));
  return Promise.all(names.map(({ name }) => ContractFolder.open(join(parent, name))));
}
