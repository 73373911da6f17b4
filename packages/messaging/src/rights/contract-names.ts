import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The services whose contracts a folder holds, each as `‹package›/contract.json`. */
export const servicesOf = (folder: string): string[] =>
  readdirSync(folder)
    .map((name) => join(folder, name, 'contract.json'))
    .filter((file) => existsSync(file))
    .map((file) => (JSON.parse(readFileSync(file, 'utf8')) as { service: string }).service)
    .toSorted();
