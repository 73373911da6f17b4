/** An operator, as the registry keeps them. */
export interface Operator {
  readonly customerId: string;
  /** Empty: one no more. */
  readonly roles: readonly string[];
  readonly version: number;
  readonly since: Date;
}

/** A change of an operator's roles that an owner wants. */
export interface RoleChange {
  readonly customerId: string;
  readonly roles: readonly string[];
  /** The owner, as their token says. */
  readonly by: string;
}

const isOwner = ({ roles }: Operator): boolean => roles.includes('owner');

/**
 * Whether a change may be done, among all operators that there are at that moment.
 * @returns undefined: it may. NOT_AN_OWNER: who wants it was one at their sign-in, and is no more. LAST_OWNER: nobody
 *   would be left who may undo it.
 */
export function errorOf(change: RoleChange, operators: readonly Operator[]): 'NOT_AN_OWNER' | 'LAST_OWNER' | undefined {
  const owners = operators.filter(isOwner);
  if (!owners.some(({ customerId }) => customerId === change.by)) return 'NOT_AN_OWNER';
  const stays = change.roles.includes('owner') || owners.some(({ customerId }) => customerId !== change.customerId);
  return stays ? undefined : 'LAST_OWNER';
}
