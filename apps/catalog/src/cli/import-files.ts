import { CliError, counted, grouped, ProgressBar, seconds } from '@stoa/cli';
import type { ImportJob, ImportProblem } from '@stoa/catalog-contract';
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { Transform } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ShopClient } from './shop-client.js';

type Format = ImportJob['format'];

export interface ImportOptions {
  readonly format: Format | undefined;
  readonly currency: string;
}

export interface Output {
  readonly out: NodeJS.WriteStream;
  readonly err: NodeJS.WriteStream;
}

const POLL_EVERY_MS = 300;
const PAGE = 500;
const MIB = 1024 ** 2;

const FORMATS: Readonly<Record<string, Format>> = { '.csv': 'shopify', '.ndjson': 'ndjson', '.jsonl': 'ndjson' };
const CONTENT_TYPES: Readonly<Record<Format, string>> = { shopify: 'text/csv', ndjson: 'application/x-ndjson' };

interface Source {
  readonly file: string;
  readonly format: Format;
  readonly bytes: number;
}

/** Checks a file before anything is sent. @throws CliError */
async function sourceOf(file: string, given: Format | undefined): Promise<Source> {
  const format = given ?? FORMATS[extname(file).toLowerCase()];
  if (!format) throw new CliError(`${file}: say what it is with --format shopify or --format ndjson.`);
  const about = await stat(file).catch((error: Error) => {
    throw new CliError(`${file} can't be read: ${error.message}`);
  });
  if (!about.isFile()) throw new CliError(`${file} is not a file.`);
  return { file, format, bytes: about.size };
}

function counting(onBytes: (sent: number) => void): Transform {
  let sent = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length;
      onBytes(sent);
      done(null, chunk);
    },
  });
}

async function send(client: ShopClient, source: Source, currency: string, { err }: Output): Promise<ImportJob> {
  const { file, format, bytes } = source;
  const progress = new ProgressBar({ title: `${file}: sending`, unit: 'MiB', out: err });
  const query = new URLSearchParams({ format, file: basename(file), currency });
  const onBytes = (done: number): void => progress.show({ done, total: bytes, counted: done / MIB });
  const input = createReadStream(file);
  const body = counting(onBytes);
  input.once('error', (error) => body.destroy(error));
  input.pipe(body);
  try {
    const response = await client.stream({
      method: 'POST',
      path: `/v1/imports?${query}`,
      headers: { 'content-type': CONTENT_TYPES[format], 'idempotency-key': randomUUID() },
      body,
    });
    return JSON.parse(await text(response)) as ImportJob;
  } finally {
    input.destroy();
    progress.clear();
  }
}

const productsOf = (job: ImportJob): number => job.productsCreated + job.productsChanged + job.productsUnchanged;

async function watch(client: ShopClient, file: string, first: ImportJob, { err }: Output): Promise<ImportJob> {
  const progress = new ProgressBar({ title: `${file}: importing`, unit: 'products', out: err });
  let job = first;
  while (job.status === 'receiving' || job.status === 'running') {
    progress.show({ done: job.bytesProcessed, total: job.bytesReceived, counted: productsOf(job) });
    await sleep(POLL_EVERY_MS);
    job = await client.json<ImportJob>({ method: 'GET', path: `/v1/imports/${encodeURIComponent(job.id)}` });
  }
  progress.clear();
  return job;
}

async function* problemsOf(client: ShopClient, id: string): AsyncGenerator<ImportProblem> {
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = new URLSearchParams({ limit: String(PAGE), ...(cursor && { cursor }) });
    const path = `/v1/imports/${encodeURIComponent(id)}/problems?${query}`;
    const page: { items: ImportProblem[]; next: string | null } = await client.json({ method: 'GET', path });
    yield* page.items;
    cursor = page.next;
  }
}

const lineOf = (file: string, { line, column, product, reason, refused }: ImportProblem): string => {
  const where = [`${file}:${line}`, refused ? null : 'note', column ?? product].filter((part) => part !== null);
  return `${where.join(': ')}: ${reason}\n`;
};

type Outcome = 'whole' | 'partly' | 'failed';

async function importFile(client: ShopClient, source: Source, currency: string, output: Output): Promise<Outcome> {
  const { file } = source;
  const started = performance.now();
  const job = await watch(client, file, await send(client, source, currency, output), output);
  for await (const problem of problemsOf(client, job.id)) output.err.write(lineOf(file, problem));
  const { productsCreated: created, productsChanged: changed, productsUnchanged: unchanged } = job;
  const counts = `${grouped(created)} created, ${grouped(changed)} changed, ${grouped(unchanged)} unchanged`;
  const refused = `${counted(job.rowsRefused, 'row')} refused`;
  output.out.write(`${file}: ${counts}; ${refused} (${seconds(performance.now() - started)})\n`);
  if (job.status === 'failed') throw new CliError(`${file}: ${job.failure}`);
  return job.rowsRefused > 0 ? 'partly' : 'whole';
}

/** Imports files one after the other. @returns the exit code: 0 all is in, 1 not all, 2 no file could be imported */
export async function importFiles(
  client: ShopClient,
  files: readonly string[],
  { format, currency }: ImportOptions,
  output: Output,
): Promise<number> {
  const sources = await Promise.all(files.map((file) => sourceOf(file, format)));
  const outcomes: Outcome[] = [];
  for (const source of sources) {
    try {
      outcomes.push(await importFile(client, source, currency, output));
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      output.err.write(
        error.message.startsWith(source.file) ? `${error.message}\n` : `${source.file}: ${error.message}\n`,
      );
      outcomes.push('failed');
    }
  }
  if (outcomes.every((outcome) => outcome === 'failed')) return 2;
  return outcomes.every((outcome) => outcome === 'whole') ? 0 : 1;
}
