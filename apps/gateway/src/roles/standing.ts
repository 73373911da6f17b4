/** Those who have signed in. */
export type Role = 'customer' | 'operator';

/** Customer or operator; of an operator who is no owner, with their roles. */
export interface Standing {
  readonly role: Role;
  readonly roles?: readonly string[] | undefined;
}

const LIMITED = 'operator:';

/**
 * The standing as one word, in tokens and sessions: `customer`, `operator` (an owner, as each was before there were
 * roles), or `operator:catalog,support`. Gateways that know no roles take the last for no token of the shop: they don't
 * mistake it for an owner's.
 */
export const standingText = ({ role, roles }: Standing): string =>
  role === 'operator' && roles && !roles.includes('owner') ? `${LIMITED}${roles.join(',')}` : role;

/** The reverse of `standingText`; undefined where it is none. */
export function standingOf(text: unknown): Standing | undefined {
  if (text === 'customer' || text === 'operator') return { role: text };
  if (typeof text !== 'string' || !text.startsWith(LIMITED)) return undefined;
  return { role: 'operator', roles: text.slice(LIMITED.length).split(',') };
}

/**
 * The standing that a service gave of who signed in. Where it names roles they count, and none make a customer: to a
 * gateway that knows no roles, operators who are no owners are shown as customers.
 */
export function standingFrom({ role, roles }: Standing): Standing {
  if (!roles) return { role };
  if (roles.length === 0) return { role: 'customer' };
  return roles.includes('owner') ? { role: 'operator' } : { role: 'operator', roles };
}
