import type { AdminRoutes } from './admin-server.js';
import type { Logger } from '../logs/logger.js';
import { refusal } from './operator-token.js';

export interface CloneRoutesOptions {
  /** Whoever has it may ask. Without one, nobody may. */
  readonly token: string | undefined;
  /** Undefined until the service listens. */
  readonly bury: () => ((clone: string) => Promise<number>) | undefined;
  readonly logger: Logger;
}

const PATH = /^\/clones\/([\w.-]{1,100})$/;

/**
 * DELETE /clones/{clone}: whoever started another clone of this service saw it die. What it had of Kafka goes to those that live at
 * once, and not when its silence is noticed. For one that lives after all it is a hiccup: it joins anew.
 */
export function cloneRoutes({ token, bury, logger }: CloneRoutesOptions): AdminRoutes {
  return async (request) => {
    const [, clone] = PATH.exec(request.path) ?? [];
    if (clone === undefined) return undefined;
    const kept = refusal(request, token);
    if (kept) return kept;
    if (request.method !== 'DELETE') return { status: 405, body: { status: 'only DELETE is answered here' } };
    const work = bury();
    if (!work) return { status: 503, body: { status: 'this clone does not listen yet: ask another one' } };
    const memberships = await work(clone);
    logger.warn({ dead: clone, memberships }, 'a clone is dead, as its keeper says');
    return { status: 200, body: { clone, memberships } };
  };
}
