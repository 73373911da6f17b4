import { catalog, type ImportProblem } from '@stoa/catalog-contract';
import { messageRow, newId, type OutboxRow, retractionRow, writeOutbox } from '@stoa/messaging';
import { type Sql } from '@stoa/postgres';
import { refusedRow, type Entry, type FileProduct } from '../domain/files/entry.js';
import { contentHash } from '../domain/product.js';
import { advance, holdLease, type Checkpoint, type LeasedJob } from '../storage/imports/import-leases.js';
import { hashesOf, noteHandles } from '../storage/imports/import-products.js';
import { lockProducts } from '../storage/load-products.js';
import { saveProducts, type SavedProduct } from '../storage/save-products.js';
import { ownersOf } from '../storage/variant-writes.js';
import { isChange, planProduct, SkuOwners, type Planned } from './plan-batch.js';

/** Some entries of a file, and where its next one begins. */
export interface Batch {
  readonly entries: readonly Entry[];
  readonly checkpoint: Checkpoint;
  /** Beside those of the entries: of the header. */
  readonly problems: readonly ImportProblem[];
}

interface Outcome {
  created: number;
  changed: number;
  unchanged: number;
  rowsRefused: number;
  readonly problems: ImportProblem[];
}

/** The products that the file has for the first time; the others are refused. */
async function firstOnes(tx: Sql, job: LeasedJob, entries: readonly Entry[], outcome: Outcome): Promise<FileProduct[]> {
  const lines = new Map<string, number>();
  const again = (product: FileProduct, rows: number, line: number): void => {
    const { handle } = product.content;
    const reason = `the product was on line ${line} already; all of its rows must stand together`;
    outcome.problems.push(refusedRow(product.line, null, handle, reason));
    outcome.rowsRefused += rows;
  };
  const found: { product: FileProduct; rows: number }[] = [];
  for (const { product, rows, rowsRefused } of entries) {
    if (!product) continue;
    const earlier = lines.get(product.content.handle);
    if (earlier !== undefined) again(product, rows - rowsRefused, earlier);
    else found.push({ product, rows: rows - rowsRefused });
    lines.set(product.content.handle, earlier ?? product.line);
  }
  const noted = found.map(({ product }) => ({ handle: product.content.handle, line: product.line }));
  const before = await noteHandles(tx, job.id, noted);
  return found
    .filter(({ product, rows }) => {
      const line = before.get(product.content.handle);
      if (line !== undefined) again(product, rows, line);
      return line === undefined;
    })
    .map(({ product }) => product);
}

/** Leaves out what is in the catalog already, word for word, without reading or locking it. */
async function notYetThere(tx: Sql, products: readonly FileProduct[], outcome: Outcome): Promise<FileProduct[]> {
  const hashes = await hashesOf(
    tx,
    products.map(({ content }) => content.handle),
  );
  const differing = products.filter(({ content, isWhole }) => {
    const hash = hashes.get(content.handle);
    return !isWhole || !hash || !hash.equals(contentHash(content));
  });
  outcome.unchanged += products.length - differing.length;
  return differing;
}

async function plan(tx: Sql, job: LeasedJob, products: readonly FileProduct[], outcome: Outcome): Promise<Planned[]> {
  if (products.length === 0) return [];
  const stored = await lockProducts(
    tx,
    products.map(({ content }) => content.handle),
  );
  const skus = products.flatMap(({ content }) => content.variants.map(({ sku }) => sku));
  const owners = new SkuOwners(await ownersOf(tx, skus));
  const all: Planned[] = [];
  for (const product of products) {
    const before = stored.get(product.content.handle) ?? null;
    const { planned, refused } = planProduct(product, before, owners, job.format);
    if (planned) all.push(planned);
    outcome.problems.push(...refused.problems);
    outcome.rowsRefused += refused.rows;
  }
  const changes = all.filter(isChange);
  outcome.unchanged += all.length - changes.length;
  return changes;
}

function outboxRowsOf({ handle, version, states }: SavedProduct): OutboxRow[] {
  const origin = () => ({ id: newId(), traceparent: undefined });
  return [
    ...states.map(({ sku, version: stateVersion, state }) =>
      state
        ? messageRow(catalog.variant, stateVersion, state, origin())
        : retractionRow(catalog.variant, stateVersion, sku, origin()),
    ),
    messageRow(catalog.productChanged, version, { handle, version }, origin()),
  ];
}

/**
 * Brings a batch into the catalog and records in the same transaction how far the file is worked off: whatever happens,
 * the next run goes on behind the last batch that was committed.
 * @throws LeaseLost; HandleTaken, SkuTaken or StockHeld when somebody else took a name or held stock meanwhile, which
 *   a second try will see.
 */
export async function applyBatch(tx: Sql, job: LeasedJob, batch: Batch, now: Date): Promise<void> {
  await holdLease(tx, job);
  const outcome: Outcome = {
    created: 0,
    changed: 0,
    unchanged: 0,
    rowsRefused: batch.entries.reduce((sum, { rowsRefused }) => sum + rowsRefused, 0),
    problems: [...batch.problems, ...batch.entries.flatMap(({ problems }) => problems)],
  };
  const products = await notYetThere(tx, await firstOnes(tx, job, batch.entries, outcome), outcome);
  const planned = await plan(tx, job, products, outcome);
  const changes = planned.map(({ before, after }) => ({ id: before?.id ?? newId(), before, after }));
  const origin = { kind: 'imported' as const, by: `import ${job.id}`, reason: job.file };
  const saved = await saveProducts(tx, changes, now, origin);
  outcome.created += planned.filter(({ before }) => !before).length;
  outcome.changed += planned.filter(({ before }) => before).length;
  await writeOutbox(tx, 0, saved.flatMap(outboxRowsOf));
  await advance(tx, job, { ...outcome, checkpoint: batch.checkpoint });
}
