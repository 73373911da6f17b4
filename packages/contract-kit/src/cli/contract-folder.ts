import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ServiceContract } from '../declarations/declare.js';
import { toDocument, type ContractDocument } from '../document/to-document.js';

const isContract = (value: unknown): value is ServiceContract =>
  typeof value === 'object' && value !== null && '$about' in value;

async function readDocument(file: string): Promise<ContractDocument> {
  return JSON.parse(await readFile(file, 'utf8')) as ContractDocument;
}

/** Where a contract package keeps what was published of it: `contract.json` as it is now, `released/<version>.json` as it was. */
export class ContractFolder {
  constructor(
    readonly folder: string,
    readonly document: ContractDocument,
  ) {}

  /**
   * The contract that a built package exports.
   * @throws Error when it is not built or exports no contract.
   */
  static async open(folder: string): Promise<ContractFolder> {
    const main = join(folder, 'dist/index.js');
    if (!existsSync(main)) throw new Error(`${folder} is not built: run "npm run build" first`);
    const exported = Object.values((await import(pathToFileURL(main).href)) as object);
    const contract = exported.find(isContract);
    if (!contract) throw new Error(`${folder} exports no contract (what service(...) returns)`);
    return new ContractFolder(folder, toDocument(contract));
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
    const documents = await Promise.all(files.map((name) => readDocument(join(folder, name))));
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
