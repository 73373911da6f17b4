import { invalid } from './errors.js';

/** Parameters as Stripe's clients send them: `metadata[order]=7&expand[0]=latest_charge`. */
export type Params = { readonly [name: string]: Param };
export type Param = string | Params | readonly Param[];

const MOST_KEYS = 500;
/** Of one key: Stripe's own have four at most. */
const MOST_LEVELS = 8;

/** Reads a form or a query string. Keys in brackets make objects; numbers and empty brackets make lists. */
export function parseForm(text: string): Params {
  const root: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  let count = 0;
  for (const [name, value] of new URLSearchParams(text)) {
    if ((count += 1) > MOST_KEYS) throw invalid('Too many parameters');
    set(root, pathOf(name), value);
  }
  return collapse(root) as Params;
}

function pathOf(name: string): string[] {
  const [head = '', ...rest] = name.split('[');
  if (rest.length >= MOST_LEVELS) throw invalid('Parameters are nested too deep');
  return [head, ...rest.map((part) => part.replace(/\]$/, ''))];
}

function set(root: Record<string, unknown>, path: readonly string[], value: string): void {
  let at = root;
  for (const [index, part] of path.entries()) {
    const key = part === '' ? String(Object.keys(at).length) : part;
    if (index === path.length - 1) {
      at[key] = value;
      return;
    }
    at[key] ??= Object.create(null);
    if (typeof at[key] !== 'object') throw invalid(`Invalid parameter: ${path[0]}`, path[0]);
    at = at[key] as Record<string, unknown>;
  }
}

/** Objects with the keys 0, 1, 2 … are lists. */
function collapse(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, part]) => [key, collapse(part)] as const);
  const isList = entries.length > 0 && entries.every(([key], index) => key === String(index));
  return isList ? entries.map(([, part]) => part) : Object.fromEntries(entries);
}

/** Reads typed parameters, and knows at the end which of them nobody asked for. */
export class ParamReader {
  private readonly read = new Set<string>(['expand']);

  constructor(private readonly params: Params) {}

  text(name: string): string | undefined {
    this.read.add(name);
    const value = this.params[name];
    if (value === undefined || value === '') return undefined;
    if (typeof value !== 'string') throw invalid(`Invalid string: ${name}`, name);
    return value;
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw invalid(`Missing required param: ${name}.`, name, 'parameter_missing');
    return value;
  }

  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^-?\d{1,15}$/.test(value)) throw invalid(`Invalid integer: ${value}`, name, 'parameter_invalid_integer');
    return Number(value);
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name);
    if (value !== undefined && value !== 'true' && value !== 'false') throw invalid(`Invalid boolean: ${value}`, name);
    return value === undefined ? undefined : value === 'true';
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!allowed.includes(value as T)) throw invalid(`Invalid ${name}: must be one of ${allowed.join(', ')}`, name);
    return value as T;
  }

  object(name: string): Params | undefined {
    this.read.add(name);
    const value = this.params[name];
    if (value === undefined || value === '') return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) throw invalid(`Invalid object: ${name}`, name);
    return value as Params;
  }

  list(name: string): readonly Param[] | undefined {
    this.read.add(name);
    const value = this.params[name];
    if (value === undefined || value === '') return undefined;
    if (!Array.isArray(value)) throw invalid(`Invalid array: ${name}`, name);
    return value;
  }

  metadata(name = 'metadata'): Record<string, string> {
    const given = Object.entries(this.object(name) ?? {});
    if (given.length > 50) throw invalid('You can only set up to 50 metadata keys', name);
    for (const [key, value] of given) {
      if (typeof value !== 'string' || value.length > 500 || key.length > 40) {
        throw invalid(`Metadata values are text of at most 500 characters, keys of 40: ${key}`, name);
      }
    }
    return Object.fromEntries(given) as Record<string, string>;
  }

  /** @throws ApiError for a parameter that was not read: a typing error must not go unnoticed. */
  end(): void {
    const unknown = Object.keys(this.params).find((name) => !this.read.has(name));
    if (unknown !== undefined) throw invalid(`Received unknown parameter: ${unknown}`, unknown, 'parameter_unknown');
  }
}
