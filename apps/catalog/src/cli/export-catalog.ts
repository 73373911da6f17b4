import { CliError } from '@stoa/cli';
import type { ImportJob } from '@stoa/catalog-contract';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ShopClient } from './shop-client.js';

async function save(content: Readable, file: string): Promise<void> {
  // It has another name until it is whole: half an export must not be taken for one.
  const unfinished = `${file}.part`;
  try {
    await pipeline(content, createWriteStream(unfinished));
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Writes the whole catalog to a file, or to standard output. @throws CliError */
export async function exportCatalog(
  client: ShopClient,
  format: ImportJob['format'],
  file: string | undefined,
): Promise<void> {
  const content = await client.stream({ method: 'GET', path: `/v1/exports/products?format=${format}` });
  try {
    await (file === undefined ? pipeline(content, process.stdout, { end: false }) : save(content, file));
  } catch (error) {
    throw new CliError(`The export broke off: ${error instanceof Error ? error.message : String(error)}`);
  }
}
