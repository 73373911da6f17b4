import { Injectable } from '@nestjs/common';
import { checkAddress } from '@stoa/addresses';
import { OperationError, type Command, type PostalAddress } from '@stoa/contract-kit';
import type { CommandContext } from '@stoa/messaging';
import type { AddressBook } from '../domain/address-book.js';
import { customerIdOf } from '../domain/caller.js';
import { AddressBooks } from '../storage/address-books.js';
import { Customers } from '../storage/customers.js';

/** @throws OperationError INVALID_INPUT, with what its country needs */
export function mustBeComplete(address: PostalAddress): void {
  const problems = checkAddress(address);
  if (problems.length > 0) throw new OperationError('INVALID_INPUT', 'The address is not complete', problems);
}

type Context = Pick<CommandContext<Command>, 'tx' | 'bucket' | 'caller'>;

/** BookOf changes the address book of whoever calls: one change at a time, behind the lock of the customer's row. */
@Injectable()
export class BookOf {
  constructor(
    private readonly customers: Customers,
    private readonly books: AddressBooks,
  ) {}

  /** @throws OperationError NOT_FOUND where the customer is gone, or `change` knows no such address */
  async change(
    { tx, bucket, caller }: Context,
    change: (book: AddressBook) => AddressBook | undefined,
  ): Promise<AddressBook> {
    const customerId = customerIdOf(caller);
    if (!(await this.customers.lock(tx, bucket, customerId)))
      throw new OperationError('NOT_FOUND', 'There is no such customer');
    const changed = change(await this.books.find(tx, bucket, customerId));
    if (!changed) throw new OperationError('NOT_FOUND', 'There is no such address in your book');
    await this.books.save(tx, bucket, customerId, changed);
    return changed;
  }
}
