import type { AdminRoutes } from './admin-server.js';
import type { Logger } from '../logs/logger.js';
import { accessDenied } from './operator-token.js';

export interface CloneRoutesOptions {
  /** The bearer token that callers need. If undefined, nobody has access. */
  readonly token: string | undefined;
  /** Evicts a clone from its consumer groups and returns its memberships; undefined until the service listens. */
  readonly evict: () => ((clone: string) => Promise<number>) | undefined;
  readonly logger: Logger;
}

const PATH = /^\/clones\/([\w.-]{1,100})$/;

/**
 * DELETE /clones/{clone}: the supervisor of another clone of this service saw it die. Its Kafka partitions go to living
 * clones at once, not after its session times out. A clone that lives after all joins again.
 */
export function cloneRoutes({ token, evict, logger }: CloneRoutesOptions): AdminRoutes {
  return async (request) => {
    const [, clone] = PATH.exec(request.path) ?? [];
    if (clone === undefined) return undefined;
    const denied = accessDenied(request, token);
    if (denied) return denied;
    if (request.method !== 'DELETE') return { status: 405, body: { status: 'only DELETE is answered here' } };
    const evictClone = evict();
    if (!evictClone) return { status: 503, body: { status: 'this clone does not listen yet: ask another one' } };
    const memberships = await evictClone(clone);
    logger.warn({ dead: clone, memberships }, 'the supervisor reports a dead clone');
    return { status: 200, body: { clone, memberships } };
  };
}
