import type { PostalAddress } from '@stoa/contract-kit';

/** The uses of an address unless another is named. */
export interface Defaults {
  readonly defaultShipping: boolean;
  readonly defaultBilling: boolean;
}

/** An address as it is stored; times are ISO 8601. */
export interface BookAddress extends PostalAddress, Defaults {
  readonly addressId: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The addresses of one customer, the oldest first. While there is one, there is one default of each kind. */
export type AddressBook = readonly BookAddress[];

/** The most that one customer has. */
export const MOST_ADDRESSES = 30;

/** Fields to change: null drops one. */
export type AddressChanges = {
  readonly [Field in keyof PostalAddress]?: PostalAddress[Field] | null | undefined;
} & { readonly [Use in keyof Defaults]?: boolean | undefined };

const USES = ['defaultShipping', 'defaultBilling'] as const;

/** Each kind of default where it is wanted, else where it was, else at the oldest. */
function withDefaults(
  book: AddressBook,
  wanted: string,
  { defaultShipping, defaultBilling }: Partial<Defaults>,
): AddressBook {
  const holders = USES.map((use) => {
    const isWanted = use === 'defaultShipping' ? defaultShipping : defaultBilling;
    const holder = isWanted ? book.find(({ addressId }) => addressId === wanted) : book.find((each) => each[use]);
    return (holder ?? book[0])?.addressId;
  });
  const [shipping, billing] = holders;
  return book.map((address) => ({
    ...address,
    defaultShipping: address.addressId === shipping,
    defaultBilling: address.addressId === billing,
  }));
}

export function addAddress(book: AddressBook, added: BookAddress): AddressBook {
  const { defaultShipping, defaultBilling } = added;
  const others = { ...added, defaultShipping: false, defaultBilling: false };
  return withDefaults([...book, others], added.addressId, { defaultShipping, defaultBilling });
}

/** @returns undefined where there is no such address */
export function changeAddress(
  book: AddressBook,
  addressId: string,
  { defaultShipping, defaultBilling, ...fields }: AddressChanges,
  now: string,
): AddressBook | undefined {
  const current = book.find((address) => address.addressId === addressId);
  if (!current) return undefined;
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const merged = Object.entries({ ...current, ...Object.fromEntries(given), updatedAt: now });
  const changed = Object.fromEntries(merged.filter(([, value]) => value !== null)) as unknown as BookAddress;
  const next = book.map((address) => (address === current ? changed : address));
  return withDefaults(next, addressId, {
    ...(defaultShipping !== undefined && { defaultShipping }),
    ...(defaultBilling !== undefined && { defaultBilling }),
  });
}

/** @returns undefined where there is no such address */
export function removeAddress(book: AddressBook, addressId: string): AddressBook | undefined {
  const left = book.filter((address) => address.addressId !== addressId);
  return left.length === book.length ? undefined : withDefaults(left, addressId, {});
}
