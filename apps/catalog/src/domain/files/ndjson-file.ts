import { ProductInput, type ImportProblem } from '@stoa/catalog-contract';
import { readHandle } from '../handle.js';
import type { HtmlLibrary } from '../html.js';
import { faultsOf, normalise } from '../product.js';
import { notice, refusedRow, type Entry } from './entry.js';
import type { Place } from './lines.js';
import { NdjsonReader } from './ndjson-reader.js';
import type { Row } from './row-reader.js';

const Variant = ProductInput.shape.variants.element;
const Image = ProductInput.shape.images.unwrap().element;
const PRODUCT_FIELDS = new Set([
  ...Object.keys(ProductInput.shape),
  // Fields that the shop itself adds when it shows a product.
  ...['id', 'version', 'createdAt', 'updatedAt'],
]);
const LISTS: readonly (readonly [string, ReadonlySet<string>])[] = [
  ['variants', new Set([...Object.keys(Variant.shape), 'available'])],
  ['images', new Set(Object.keys(Image.shape))],
];

/** How many faults of a line, or unknown fields of a file, are named: a line of 6 kB can have 12,000 faults. */
const MAX_NAMED = 100;
const MAX_FIELD = 200;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function* unknownFields(value: unknown): Generator<string> {
  if (!isObject(value)) return;
  for (const field of Object.keys(value)) if (!PRODUCT_FIELDS.has(field)) yield field;
  for (const [list, known] of LISTS) {
    const items = value[list];
    for (const item of Array.isArray(items) ? items : []) {
      for (const field of isObject(item) ? Object.keys(item) : []) if (!known.has(field)) yield `${list}.${field}`;
    }
  }
}

type Issue = NonNullable<ReturnType<typeof ProductInput.safeParse>['error']>['issues'][number];

/** A product whose handle is as files may bring it; otherwise with the reason, which says more than the contract's. */
function withHandle(product: unknown): { product: unknown; handle: string | null; reason?: string } {
  if (!isObject(product) || typeof product['handle'] !== 'string') return { product, handle: null };
  const read = readHandle(product['handle']);
  if ('reason' in read) return { product, handle: product['handle'], reason: read.reason };
  return { product: { ...product, handle: read.handle }, handle: read.handle };
}

/** The products of an NDJSON file, from `start` on. A line is a product: one fault refuses it as a whole. */
export class NdjsonFile {
  private readonly reader: NdjsonReader;
  private readonly mentioned: Set<string>;

  /** @param mentioned unknown fields that an earlier reading of the same file has mentioned. */
  constructor(
    start: Place,
    private readonly library: HtmlLibrary,
    mentioned: readonly string[] = [],
  ) {
    this.reader = new NdjsonReader(start);
    this.mentioned = new Set(mentioned);
  }

  /** The unknown fields met so far. */
  get mentionedFields(): string[] {
    return [...this.mentioned];
  }

  *read(chunk: Buffer, last: boolean): Generator<Entry> {
    for (const row of this.reader.read(chunk, last)) yield this.entryOf(row);
  }

  private entryOf(row: Row<unknown>): Entry {
    const { line } = row;
    const base = { rows: 1, end: this.reader.position() };
    if (row.fault !== undefined) {
      return { ...base, product: null, problems: [refusedRow(line, null, null, row.fault)], rowsRefused: 1 };
    }
    const notices = this.noticesOf(row.content, line);
    const refused = (all: ImportProblem[]): Entry => {
      const problems = all.slice(0, MAX_NAMED);
      const more = all.length - problems.length;
      if (more > 0)
        problems.push(refusedRow(line, null, problems[0]?.product ?? null, `${more} more faults are not named`));
      return { ...base, product: null, problems: [...notices, ...problems], rowsRefused: 1 };
    };
    const { product, handle, reason } = withHandle(row.content);
    const parsed = ProductInput.safeParse(product);
    if (!parsed.success) {
      const problemOf = ({ path, message }: Issue): ImportProblem => {
        const field = path.join('.') || null;
        return refusedRow(line, field, handle, (field === 'handle' && reason) || message);
      };
      return refused(parsed.error.issues.map(problemOf));
    }
    const content = normalise(parsed.data, this.library);
    const faults = faultsOf(content);
    if (faults.length > 0) {
      return refused(
        faults.map(({ pointer, detail }) => refusedRow(line, pointer.slice(1).replaceAll('/', '.'), handle, detail)),
      );
    }
    const variantLines = content.variants.map(() => line);
    return { ...base, product: { content, line, variantLines, isWhole: true }, problems: notices, rowsRefused: 0 };
  }

  private noticesOf(value: unknown, line: number): ImportProblem[] {
    const found = new Set([...unknownFields(value)].map((field) => field.slice(0, MAX_FIELD)));
    const fresh = [...found].filter((field) => !this.mentioned.has(field)).slice(0, MAX_NAMED - this.mentioned.size);
    for (const field of fresh) this.mentioned.add(field);
    return fresh.map((field) => notice(line, field, 'is not a field of a product; it is ignored in all lines'));
  }
}
