import type { ContractDocument, Method } from '@stoa/contract-kit';
import FindMyWay from 'find-my-way';
import { Operation } from './operation.js';
import { SchemaCompiler } from './schema-compiler.js';

/** The outcome of a search for a route. */
export type Match =
  | {
      readonly outcome: 'found';
      readonly operation: Operation;
      readonly params: Readonly<Record<string, string | undefined>>;
      readonly query: Readonly<Record<string, string | readonly string[]>>;
    }
  /** The path is known, but not with this method. */
  | { readonly outcome: 'other method'; readonly allow: readonly string[] }
  | { readonly outcome: 'unknown' }
  /** The path or the query string isn't percent-encoded UTF-8. */
  | { readonly outcome: 'malformed' };

const METHODS: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const noHandler = (): undefined => undefined;
/** The path was decoded before: so a target without a query string may come as a whole. */
function isEncoded(query: string): boolean {
  if (!query.includes('%')) return true;
  try {
    decodeURIComponent(query);
    return true;
  } catch {
    return false;
  }
}
const servicesOf = (names: Iterable<string>): ReadonlySet<string> =>
  new Set([...names].map((name) => name.slice(0, name.indexOf('.'))));

/**
 * RouteTable holds everything that follows from the contracts in force. When a contract changes, a new one replaces it
 * in one step, so that no request sees half of a change.
 */
export class RouteTable {
  private readonly router = FindMyWay({ maxParamLength: 4_000, onBadUrl: noHandler });
  private readonly operations = new Map<string, Operation>();
  private readonly invalidations = new Map<string, readonly string[]>();
  private readonly sessionEnds = new Set<string>();
  private readonly earlierSessionEnds = new Set<string>();

  constructor(readonly documents: readonly ContractDocument[]) {
    const compiler = new SchemaCompiler();
    for (const document of documents) {
      for (const [name, operation] of Object.entries(document.operations))
        this.add(new Operation(document.service, name, operation, compiler));
      for (const [name, { invalidates, endsSessions, endsEarlierSessions }] of Object.entries(document.events)) {
        if (invalidates?.length) this.invalidations.set(`${document.service}.${name}`, invalidates);
        if (endsSessions) this.sessionEnds.add(`${document.service}.${name}`);
        if (endsEarlierSessions) this.earlierSessionEnds.add(`${document.service}.${name}`);
      }
    }
  }

  /** @param url the request's target: path and query string. HEAD finds the operation of GET. */
  find(method: string, url: string): Match {
    const found = this.router.find(method === 'HEAD' ? 'GET' : (method as Method), url);
    // The operation that `add` stored; nothing is stored with the handler for a malformed URL.
    if (found?.store instanceof Operation) {
      // `/v1/things/` is no thing with an empty name.
      if (Object.values(found.params).includes('')) return { outcome: 'unknown' };
      // The router turns malformed parts of it into something else, such as U+FFFD: a search for that would find
      // nothing.
      if (!isEncoded(url.slice(url.indexOf('?') + 1))) return { outcome: 'malformed' };
      return {
        outcome: 'found',
        operation: found.store,
        params: found.params,
        query: found.searchParams as Record<string, string | string[]>,
      };
    }
    if (found) return { outcome: 'malformed' };
    const allow = this.allowed(url);
    return allow.length > 0 ? { outcome: 'other method', allow } : { outcome: 'unknown' };
  }

  /** @param id `service.operation` */
  operation(id: string): Operation | undefined {
    return this.operations.get(id);
  }

  /** The operations whose responses may be cached. */
  get cachedOperations(): Operation[] {
    return [...this.operations.values()].filter(({ isCached }) => isCached);
  }

  /** Sign-in hooks: commands that the gateway runs when a customer signs in or out. */
  operationsAt(moment: 'sign-in' | 'sign-out'): Operation[] {
    return [...this.operations.values()].filter(({ document }) => document.runsAt === moment);
  }

  /** The queries that have what a service holds of the customer who calls. */
  get personalDataQueries(): Operation[] {
    return [...this.operations.values()].filter(({ document }) => document.personalData === true);
  }

  /** The cache tags (templates over the event's data) that an event makes stale. */
  invalidatedBy(service: string, event: string): readonly string[] {
    return this.invalidations.get(`${service}.${event}`) ?? [];
  }

  /** The services whose events make cached responses stale. */
  get invalidatingServices(): ReadonlySet<string> {
    return servicesOf(this.invalidations.keys());
  }

  /** Whether an event reports that the customer who is its key was erased. */
  endsSessions(service: string, event: string): boolean {
    return this.sessionEnds.has(`${service}.${event}`);
  }

  /** The services with such events. */
  get sessionEndingServices(): ReadonlySet<string> {
    return servicesOf(this.sessionEnds);
  }

  /** Whether an event ends the sessions that its customer began before. */
  endsEarlierSessions(service: string, event: string): boolean {
    return this.earlierSessionEnds.has(`${service}.${event}`);
  }

  /** The services with such events. */
  get earlierSessionEndingServices(): ReadonlySet<string> {
    return servicesOf(this.earlierSessionEnds);
  }

  private add(operation: Operation): void {
    this.operations.set(operation.id, operation);
    const { http } = operation.document;
    if (!http) return;
    this.router.on(http.method, http.path.replaceAll(/\{([^}]+)\}/g, ':$1'), noHandler, operation);
  }

  private allowed(url: string): string[] {
    const methods: string[] = METHODS.filter((method) => this.router.find(method, url)?.store instanceof Operation);
    return methods.includes('GET') ? ['GET', 'HEAD', ...methods.filter((method) => method !== 'GET')] : methods;
  }
}
