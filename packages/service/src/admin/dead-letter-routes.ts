import type { DeadLetters, ParkedAt, ParkedEvent } from '@stoa/messaging';
import type { AdminResponse, AdminRequest, AdminRoutes } from './admin-server.js';
import type { Logger } from '../logs/logger.js';
import { accessDenied } from './operator-token.js';

type Letters = Pick<DeadLetters, 'list' | 'find' | 'topicsOf' | 'replay' | 'drop'>;

export interface DeadLetterRoutesOptions {
  /** The bearer token that callers need: dead letters hold customers' data. If undefined, nobody has access. */
  readonly token: string | undefined;
  /** Undefined until the service listens, and for a service without a database. */
  readonly deadLetters: () => Letters | undefined;
  readonly logger: Logger;
}

const ROOT = '/dead-letters';
const MOST = 1_000;
const LARGEST_BUCKET = 32_767;
const LARGEST_ID = 2n ** 63n - 1n;

const nameOf = ({ bucket, id }: ParkedAt): string => `${bucket}-${id}`;

/** The inverse of `nameOf`; undefined for any other text. */
function placeOf(name: string): ParkedAt | undefined {
  const [, bucket, id] = /^(\d{1,5})-(\d{1,19})$/.exec(name) ?? [];
  if (bucket === undefined || id === undefined) return undefined;
  return Number(bucket) <= LARGEST_BUCKET && BigInt(id) <= LARGEST_ID ? { bucket: Number(bucket), id } : undefined;
}

/** A parked event in a list. `reason` is null for one that only waits behind another of its key. */
function summaryOf(event: ParkedEvent): object {
  const { topic, type, key, version, partition, offset, reason, attempts, parkedAt } = event;
  return { id: nameOf(event), topic, type, key, version, partition, offset, reason, attempts, parkedAt };
}

function contentOf(body: Buffer | null): unknown {
  if (body === null) return null;
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return body.toString();
  }
}

const missing = (name: string): AdminResponse => ({ status: 404, body: { status: `${name} is not parked here` } });

/** Handles requests of callers that have the token. */
class DeadLetterHandler {
  constructor(
    private readonly letters: Letters,
    private readonly logger: Logger,
  ) {}

  async list(query: URLSearchParams): Promise<AdminResponse> {
    const limit = Number(query.get('limit') ?? '100');
    const after = query.get('after');
    const place = after === null ? undefined : placeOf(after);
    if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
      return { status: 400, body: { status: `limit must be a whole number from 1 to ${MOST}` } };
    if (after !== null && !place) return { status: 400, body: { status: 'after must be the id of a dead letter' } };
    const { items, next } = await this.letters.list(limit, place);
    return { status: 200, body: { items: items.map(summaryOf), next: next && nameOf(next) } };
  }

  async show(name: string): Promise<AdminResponse> {
    const event = await this.find(name);
    if (!event) return missing(name);
    return { status: 200, body: { ...summaryOf(event), headers: event.headers, body: contentOf(event.body) } };
  }

  async drop(name: string): Promise<AdminResponse> {
    const event = await this.find(name);
    if (!event || !(await this.letters.drop(event))) return missing(name);
    this.logger.warn({ deadLetter: summaryOf(event) }, 'an operator dropped a dead letter');
    return { status: 200, body: { dropped: summaryOf(event) } };
  }

  /** Replays the event's whole key: events that were parked before it come first, so that none overtakes another. */
  async replay(name: string): Promise<AdminResponse> {
    const event = await this.find(name);
    return event ? this.replayAll(event.key, [event.topic]) : missing(name);
  }

  async replayKey(key: string | null): Promise<AdminResponse> {
    if (!key) return { status: 400, body: { status: 'key is missing: say whose events to replay' } };
    return this.replayAll(key, await this.letters.topicsOf(key));
  }

  private async replayAll(key: string, topics: readonly string[]): Promise<AdminResponse> {
    const replays: { topic: string; key: string; replayed: number; failed: object | null }[] = [];
    for (const topic of topics) {
      const { replayed, failed } = await this.letters.replay(topic, key);
      const outcome = { topic, key, replayed, failed: failed ? { id: nameOf(failed), reason: failed.reason } : null };
      this.logger.warn(outcome, 'an operator replayed dead letters');
      replays.push(outcome);
    }
    return { status: 200, body: { replays } };
  }

  private async find(name: string): Promise<ParkedEvent | undefined> {
    const place = placeOf(name);
    return place && this.letters.find(place);
  }
}

function run(handler: DeadLetterHandler, { method, path, query }: AdminRequest): Promise<AdminResponse> | undefined {
  const [name, verb, ...rest] = path.slice(ROOT.length + 1).split('/');
  if (rest.length > 0) return undefined;
  const isRead = method === 'GET' || method === 'HEAD';
  if (!name) return isRead ? handler.list(query) : undefined;
  if (method === 'POST' && name === 'replay' && verb === undefined) return handler.replayKey(query.get('key'));
  if (method === 'POST' && verb === 'replay') return handler.replay(name);
  if (verb !== undefined) return undefined;
  if (method === 'DELETE') return handler.drop(name);
  return isRead ? handler.show(name) : undefined;
}

/**
 * Routes for operators about events that could not be handled:
 * GET /dead-letters (`limit`, `after`), GET and DELETE /dead-letters/{id}, POST /dead-letters/{id}/replay and
 * POST /dead-letters/replay?key=….
 */
export function deadLetterRoutes({ token, deadLetters, logger }: DeadLetterRoutesOptions): AdminRoutes {
  return async (request) => {
    if (request.path !== ROOT && !request.path.startsWith(`${ROOT}/`)) return undefined;
    const denied = accessDenied(request, token);
    if (denied) return denied;
    const letters = deadLetters();
    if (!letters)
      return { status: 404, body: { status: 'this service keeps no dead letters, or does not listen yet' } };
    const unknown = { status: 405, body: { status: 'unknown: GET a list or one, DELETE one, POST …/replay' } };
    return (await run(new DeadLetterHandler(letters, logger), request)) ?? unknown;
  };
}
