/**
 * The roles of operators. An owner may do everything; `read-only` all queries but those for owners; the others what
 * contracts give them.
 */
export const OPERATOR_ROLES = ['owner', 'catalog', 'orders', 'support', 'read-only'] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

/** An operation, as far as it says which operators may call it. */
export interface RoleRule {
  readonly kind: 'command' | 'query';
  /** Undefined: operators of any role, but commands not for those who only read. */
  readonly role?: string | undefined;
}

/** Whether an operator of these roles may call an operation for operators. */
export function hasRole({ kind, role }: RoleRule, roles: readonly string[]): boolean {
  if (roles.includes('owner')) return true;
  if (kind === 'query' && role !== 'owner' && roles.includes('read-only')) return true;
  return role === undefined ? roles.some((each) => each !== 'read-only') : roles.includes(role);
}
