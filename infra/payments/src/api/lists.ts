import { invalid } from '../http/errors.js';
import { ParamReader, type Param } from '../http/form.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Stored } from '../ledger/objects.js';
import { done, type ApiResponse } from './intents.js';

/** Where an object of each kind is named by another. */
const KIND_OF: Readonly<Record<string, Stored['object']>> = {
  latest_charge: 'charge',
  charge: 'charge',
  payment_intent: 'payment_intent',
};

/** GET of a list: the newest first, by `limit`, `starting_after`, `ending_before` and `created`. */
export function list(
  ledger: Ledger,
  params: ParamReader,
  { kind, path, parent }: { readonly kind: Stored['object']; readonly path: string; readonly parent?: string },
): ApiResponse {
  const limit = limitOf(params);
  const created = new ParamReader(params.object('created') ?? {});
  const [gte, gt, lte, lt] = ['gte', 'gt', 'lte', 'lt'].map((name) => created.integer(name));
  const types = kind === 'event' ? typesOf(params) : undefined;
  const found = ledger.list({
    kind,
    parent: parent === undefined ? undefined : params.text(parent),
    after: params.text('starting_after'),
    before: params.text('ending_before'),
    from: gte ?? (gt === undefined ? undefined : gt + 1),
    until: lte ?? (lt === undefined ? undefined : lt - 1),
    types,
    limit,
  });
  params.end();
  return done({ object: 'list', url: path, has_more: found.length > limit, data: found.slice(0, limit) });
}

function typesOf(params: ParamReader): string[] | undefined {
  const type = params.text('type');
  const types = params.list('types') as readonly string[] | undefined;
  return types ? [...types] : type === undefined ? undefined : [type];
}

function limitOf(params: ParamReader): number {
  const limit = params.integer('limit') ?? 10;
  if (limit < 1 || limit > 100) throw invalid('Limit must be between 1 and 100', 'limit');
  return limit;
}

const CLAUSE = /^metadata\[['"]([^'"]{1,40})['"]\]:['"]([^'"]{1,500})['"]$/;

/** GET /v1/payment_intents/search: of Stripe's language, metadata that are equal, joined by AND. */
export function searchIntents(ledger: Ledger, params: ParamReader): ApiResponse {
  const query = params.required('query');
  const limit = limitOf(params);
  params.text('page');
  params.end();
  const clauses = query.split(/\s+AND\s+/i).map((clause) => CLAUSE.exec(clause.trim()));
  if (clauses.some((clause) => !clause))
    throw invalid(`This provider understands metadata['key']:'value' only`, 'query');
  const wanted = Object.fromEntries(clauses.map((clause) => [clause?.[1] ?? '', clause?.[2] ?? '']));
  const found = ledger.search('payment_intent', wanted, limit + 1);
  return done({
    object: 'search_result',
    url: '/v1/payment_intents/search',
    has_more: found.length > limit,
    next_page: null,
    data: found.slice(0, limit),
  });
}

/** Puts objects where `expand` wants them instead of their ids. */
export function expand(ledger: Ledger, body: object, paths: readonly Param[] | undefined): object {
  if (!paths || 'error' in body) return body;
  const copy = structuredClone(body);
  for (const path of paths) expandPath(ledger, copy, String(path).split('.'));
  return copy;
}

function expandPath(ledger: Ledger, at: unknown, [name = '', ...rest]: readonly string[]): void {
  if (Array.isArray(at)) {
    for (const each of at) expandPath(ledger, each, [name, ...rest]);
    return;
  }
  if (typeof at !== 'object' || at === null || name === '') return;
  const holder = at as Record<string, unknown>;
  const value = holder[name];
  const kind = KIND_OF[name];
  if (typeof value === 'string' && kind) holder[name] = ledger.find(kind, value) ?? value;
  if (rest.length > 0) expandPath(ledger, holder[name], rest);
}
