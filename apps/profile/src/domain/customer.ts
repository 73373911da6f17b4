import type { Profile } from '@stoa/profile-contract';

export type Role = 'customer' | 'operator';

/** A customer, without credentials. */
export interface Customer {
  readonly customerId: string;
  /** `operator`: an owner, as clones see it that know no roles; the registry says which roles an operator has. */
  readonly role: Role;
  /** Whether the registry of operators has to be asked about them. */
  readonly isOperator: boolean;
  /** Folded. */
  readonly email: string;
  /** The address that they proved to read, folded; null: none yet. */
  readonly verifiedEmail: string | null;
  /** Folded; null: there is none. */
  readonly username: string | null;
  readonly displayName: string;
  readonly locale: string | null;
  readonly phone: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Fields that are undefined stay as they are. */
export interface CustomerChanges {
  readonly email?: string | undefined;
  readonly verifiedEmail?: string | undefined;
  readonly username?: string | null | undefined;
  readonly displayName?: string | undefined;
  readonly locale?: string | null | undefined;
  readonly phone?: string | null | undefined;
}

/** The customer after the changes, under the next version; the same object when nothing changes. */
export function changeCustomer(customer: Customer, changes: CustomerChanges, now: Date): Customer {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  if (given.every(([field, value]) => customer[field as keyof CustomerChanges] === value)) return customer;
  return { ...customer, ...Object.fromEntries(given), version: customer.version + 1, updatedAt: now };
}

/** Whether they are, or may be, an operator: the registry says by which roles. */
export const isOperator = ({ role, isOperator: marked }: Pick<Customer, 'role' | 'isOperator'>): boolean =>
  marked || role === 'operator';

/** Else an owner could go and leave none behind. */
export const OPERATORS_STAY = 'Operators are not erased: have an owner end you as one first';

/** Whether they proved to read what is sent to their present address. */
export const isVerified = ({ email, verifiedEmail }: Customer): boolean => verifiedEmail === email;

/** As the contract shows it. */
export const profileOf = (customer: Customer): Profile => ({
  customerId: customer.customerId,
  email: customer.email,
  emailVerified: isVerified(customer),
  displayName: customer.displayName,
  locale: customer.locale,
  phone: customer.phone,
  username: customer.username,
  version: customer.version,
  createdAt: customer.createdAt.toISOString(),
  updatedAt: customer.updatedAt.toISOString(),
});
