import type { Database } from '@stoa/postgres';
import type { Logger } from '@stoa/kafka';
import type { ImportProblem } from '@stoa/catalog-contract';
import { isOutboxLong } from '@stoa/messaging';
import { isOfTheWork } from '@stoa/postgres';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry } from '../domain/files/entry.js';
import { foreignEncoding } from '../domain/files/lines.js';
import { Utf8Check } from '../domain/files/utf8-check.js';
import {
  finishJob,
  holdLease,
  LeaseLost,
  readChunk,
  releaseJob,
  type LeasedJob,
} from '../storage/imports/import-leases.js';
import { HandleTaken } from '../storage/product-writes.js';
import { SkuTaken, StockHeld } from '../storage/variant-writes.js';
import { applyBatch, type Batch } from './apply-batch.js';
import { BadFile, openAgain, openAtStart, type OpenFile } from './import-file.js';

// Measured: larger batches are no faster, and hold their categories' rows and this much memory for longer.
const BATCH_PRODUCTS = 250;
const BATCH_ROWS = 2_000;
const BATCH_BYTES = 2 * 1024 * 1024;
/** Changes made by hand wait behind the import's events in the outbox: this bounds for how long. */
const MAX_WAITING_EVENTS = 5_000;
const RENEW_EVERY_MS = 3_000;
const RETRY_MS = 200;
const MAX_CLASHES = 10;

interface Chunk {
  readonly sequence: number;
  readonly start: number;
}

/**
 * One run of an import: from where the last one stopped until the end of the file, the loss of the lease, or the
 * signal.
 */
export class ImportRun {
  private renewed = performance.now();
  /** The chunks that are read and not yet behind a checkpoint. */
  private chunks: Chunk[] = [];

  constructor(
    private readonly database: Database,
    private readonly job: LeasedJob,
    private readonly logger: Logger,
    private readonly signal: AbortSignal,
  ) {}

  /** Ends when there is nothing left to do for this run, whatever the reason; the job's row says what became of it. */
  async run(): Promise<void> {
    const { id, file } = this.job;
    try {
      await this.work();
      await this.end(null);
      this.logger.info({ import: id, file }, 'import done');
    } catch (error) {
      await this.stop(error);
    }
  }

  private async stop(error: unknown): Promise<void> {
    const { id, file } = this.job;
    if (error instanceof LeaseLost) return this.logger.warn({ import: id, file }, error.message);
    if (this.signal.aborted) return this.database.transaction(0, (tx) => releaseJob(tx, this.job));
    if (error instanceof BadFile) {
      this.logger.info({ import: id, file, reason: error.message }, 'import failed');
      return this.end(error.message);
    }
    this.logger.error({ import: id, file, err: error }, 'import failed');
    return this.end(
      'The import was given up because of an internal error. What went in before stays in; try again later.',
    );
  }

  private async end(failure: string | null): Promise<void> {
    await this.transaction(async (tx) => {
      await holdLease(tx, this.job);
      await finishJob(tx, this.job, failure);
    });
  }

  private async work(): Promise<void> {
    const { checkpoint, format, currency } = this.job;
    if (!checkpoint) await this.checkEncoding();
    const { file, first } = checkpoint
      ? {
          file: openAgain(format, currency, checkpoint),
          first: { sequence: checkpoint.chunk, start: checkpoint.chunkStart },
        }
      : await this.openFirst();
    await this.read(file, first);
  }

  /**
   * Opens the file at its beginning, and finds the chunk in which its first product is: the header may fill several.
   */
  private async openFirst(): Promise<{ file: OpenFile; first: Chunk }> {
    const { format, currency, lastFrame } = this.job;
    const chunks: Chunk[] = [];
    let head: Buffer = Buffer.alloc(0);
    for (let sequence = 0; ; sequence++) {
      chunks.push({ sequence, start: head.length });
      head = Buffer.concat([head, await this.chunk(sequence)]);
      const file = openAtStart(format, currency, head, sequence === lastFrame);
      const first = file && chunks.findLast(({ start }) => start <= file.place.offset);
      if (first) return { file, first };
    }
  }

  /** Before anything goes in: of a file in another encoding nothing should. */
  private async checkEncoding(): Promise<void> {
    const check = new Utf8Check();
    for (let sequence = 0; sequence <= this.job.lastFrame; sequence++) {
      const data = await this.chunk(sequence);
      const fault =
        (sequence === 0 ? foreignEncoding(data) : null) ?? check.push(data, sequence === this.job.lastFrame);
      if (fault !== null) throw new BadFile(fault);
      await this.renew();
    }
  }

  private async read(file: OpenFile, first: Chunk): Promise<void> {
    let { start } = first;
    let batch: Entry[] = [];
    let problems = file.problems;
    let from = file.place.offset;
    for (let { sequence } = first; sequence <= this.job.lastFrame; sequence++) {
      const data = await this.chunk(sequence);
      this.chunks.push({ sequence, start });
      const unread = data.subarray(Math.max(0, file.place.offset - start));
      for (const entry of file.read(unread, sequence === this.job.lastFrame)) {
        batch.push(entry);
        if (!this.isFull(batch, from)) continue;
        await this.apply(file, batch, problems);
        from = entry.end.offset;
        [batch, problems] = [[], []];
      }
      start += data.length;
    }
    if (batch.length > 0 || problems.length > 0) await this.apply(file, batch, problems);
  }

  private isFull(batch: readonly Entry[], from: number): boolean {
    const rows = batch.reduce((sum, entry) => sum + entry.rows, 0);
    const bytes = (batch.at(-1)?.end.offset ?? from) - from;
    return batch.length >= BATCH_PRODUCTS || rows >= BATCH_ROWS || bytes >= BATCH_BYTES;
  }

  private async apply(file: OpenFile, entries: readonly Entry[], problems: readonly ImportProblem[]): Promise<void> {
    const end = entries.at(-1)?.end ?? file.place;
    this.chunks = this.chunks.filter((_, index) => (this.chunks[index + 1]?.start ?? Infinity) > end.offset);
    const [chunk] = this.chunks;
    if (!chunk) throw new Error('an import read behind the end of its chunks');
    const place = { chunk: chunk.sequence, chunkStart: chunk.start, offset: end.offset, line: end.line };
    await this.waitForRelay();
    await this.applyOnce({ entries, problems, checkpoint: { ...place, ...file.memory() } });
    this.renewed = performance.now();
  }

  /** Names that somebody else takes between a batch's look and its insert are seen by the next try. */
  private async applyOnce(batch: Batch): Promise<void> {
    for (let clashes = 0; ;) {
      try {
        await this.transaction((tx) => applyBatch(tx, this.job, batch, new Date()));
        return;
      } catch (error) {
        const isClash = error instanceof HandleTaken || error instanceof SkuTaken || error instanceof StockHeld;
        if (!isClash || ++clashes > MAX_CLASHES) throw error;
      }
    }
  }

  private async waitForRelay(): Promise<void> {
    while (await this.transaction((tx) => isOutboxLong(tx, MAX_WAITING_EVENTS))) {
      await this.renew();
      await sleep(RETRY_MS, undefined, { signal: this.signal });
    }
  }

  private async renew(): Promise<void> {
    if (performance.now() - this.renewed < RENEW_EVERY_MS) return;
    await this.transaction((tx) => holdLease(tx, this.job));
    this.renewed = performance.now();
  }

  private chunk(sequence: number): Promise<Buffer> {
    return this.transaction((tx) => readChunk(tx, this.job.id, sequence));
  }

  /**
   * Tries again while the database takes nothing: an import of an hour must survive its restart, and is failed by its
   * own faults only.
   */
  private async transaction<T>(work: Parameters<typeof this.database.transaction<T>>[1]): Promise<T> {
    for (;;) {
      this.signal.throwIfAborted();
      try {
        return await this.database.transaction(0, work);
      } catch (error) {
        if (!this.database.isTransient(error) && isOfTheWork(error)) throw error;
        this.logger.warn({ import: this.job.id, err: error }, 'import waits for the database');
        await sleep(RETRY_MS, undefined, { signal: this.signal });
      }
    }
  }
}
