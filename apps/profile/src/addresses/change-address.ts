import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { changeAddress } from '../domain/address-book.js';
import { BookOf, mustBeComplete } from './book-of.js';

type ChangeAddressHandler = Handler<typeof profile.changeAddress>;

@Injectable()
export class ChangeAddress implements ChangeAddressHandler {
  constructor(private readonly bookOf: BookOf) {}

  readonly handle: ChangeAddressHandler['handle'] = async ({ addressId, ...changes }, context) => {
    const isIt = (address: { readonly addressId: string }): boolean => address.addressId === addressId;
    const book = await this.bookOf.change(context, (current) => {
      const changed = changeAddress(current, addressId, changes, context.now.toISOString());
      const address = changed?.find(isIt);
      if (address) mustBeComplete(address);
      return changed;
    });
    return book.find(isIt)!;
  };
}
