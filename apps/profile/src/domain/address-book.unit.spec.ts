import * as fc from 'fast-check';
import { addAddress, changeAddress, removeAddress, type AddressBook, type BookAddress } from './address-book.js';

const NOW = '2026-12-01T00:00:00.000Z';
const LATER = '2026-12-02T00:00:00.000Z';
const at = (addressId: string, more: Partial<BookAddress> = {}): BookAddress => ({
  addressId,
  name: 'Ada',
  lines: ['Unter den Linden 1'],
  city: 'Berlin',
  postalCode: '10117',
  country: 'DE',
  defaultShipping: false,
  defaultBilling: false,
  createdAt: NOW,
  updatedAt: NOW,
  ...more,
});
const defaultsOf = (book: AddressBook) => [
  book.find((each) => each.defaultShipping)?.addressId,
  book.find((each) => each.defaultBilling)?.addressId,
];

describe('an address book', () => {
  const two = addAddress(addAddress([], at('a')), at('b'));

  it('has its first address as default for both, until another is wanted', () => {
    expect(defaultsOf(two)).toEqual(['a', 'a']);
    expect(defaultsOf(addAddress(two, at('c', { defaultBilling: true })))).toEqual(['a', 'c']);
    expect(defaultsOf(changeAddress(two, 'b', { defaultShipping: true }, LATER)!)).toEqual(['b', 'a']);
    expect(defaultsOf(changeAddress(two, 'a', { defaultShipping: false }, LATER)!)).toEqual(['a', 'a']);
  });

  it('gives the place of one that goes to another', () => {
    expect(defaultsOf(removeAddress(two, 'a')!)).toEqual(['b', 'b']);
    expect(removeAddress(removeAddress(two, 'a')!, 'b')).toEqual([]);
  });

  it('changes what is given, and drops what is null', () => {
    const [, changed] = changeAddress(two, 'b', { name: 'Bea', city: null, company: undefined }, LATER)!;
    const { city: _, ...rest } = at('b', { name: 'Bea', updatedAt: LATER });
    expect(changed).toEqual(rest);
  });

  it('knows no address that is not in it', () => {
    expect([changeAddress(two, 'x', {}, LATER), removeAddress(two, 'x')]).toEqual([undefined, undefined]);
  });

  it('has exactly one default of each kind while it holds anything, whatever is done to it', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd');
    const uses = fc.record({ defaultShipping: fc.boolean(), defaultBilling: fc.boolean() });
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), id, uses }),
      fc.record({ do: fc.constant('change' as const), id, uses }),
      fc.record({ do: fc.constant('remove' as const), id, uses }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let book: AddressBook = [];
        for (const { do: action, id: addressId, uses: wanted } of steps) {
          const isThere = book.some((each) => each.addressId === addressId);
          if (action === 'add') book = isThere ? book : addAddress(book, at(addressId, wanted));
          else if (action === 'change') book = changeAddress(book, addressId, wanted, LATER) ?? book;
          else book = removeAddress(book, addressId) ?? book;
          for (const use of ['defaultShipping', 'defaultBilling'] as const)
            expect(book.filter((each) => each[use])).toHaveLength(Math.min(book.length, 1));
        }
      }),
    );
  });
});
