import type { ContractDocument } from '@stoa/contract-kit';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Followed, ServiceCall } from './acls.js';

/** The folder of this repository's contracts. */
export const CONTRACTS = fileURLToPath(new URL('../../../contracts', import.meta.url));

const documentsIn = (folder: string): ContractDocument[] =>
  readdirSync(folder)
    .map((name) => join(folder, name, 'contract.json'))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')) as ContractDocument);

/** The services whose contracts a folder holds, each as `‹package›/contract.json`. */
export const servicesOf = (folder: string): string[] =>
  documentsIn(folder)
    .map(({ service }) => service)
    .toSorted();

/** Who sends commands to whom, as the caller rules of a folder's contracts say. */
export const callsOf = (folder: string): ServiceCall[] =>
  documentsIn(folder).flatMap(({ service: to, operations }) => {
    const froms = Object.values(operations).flatMap(({ service }) => service ?? []);
    return [...new Set(froms)].toSorted().map((from) => ({ from, to }));
  });

/** The services that others read events and states of, by those that say so. */
export const followsOf = (folder: string): Followed =>
  new Map(documentsIn(folder).flatMap(({ service, follows }) => (follows ? [[service, follows] as const] : [])));
