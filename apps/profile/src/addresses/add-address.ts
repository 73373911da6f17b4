import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { addAddress, MOST_ADDRESSES } from '../domain/address-book.js';
import { BookOf, mustBeComplete } from './book-of.js';

type AddAddressHandler = Handler<typeof profile.addAddress>;

@Injectable()
export class AddAddress implements AddAddressHandler {
  constructor(private readonly bookOf: BookOf) {}

  readonly handle: AddAddressHandler['handle'] = async (input, context) => {
    const { defaultShipping = false, defaultBilling = false, ...address } = input;
    mustBeComplete(address);
    const [addressId, at] = [context.mintId(), context.now.toISOString()];
    const uses = { defaultShipping, defaultBilling };
    const book = await this.bookOf.change(context, (current) => {
      if (current.length >= MOST_ADDRESSES)
        return context.fail('TOO_MANY_ADDRESSES', `There are ${MOST_ADDRESSES} addresses in your book: remove one`);
      return addAddress(current, { addressId, ...address, ...uses, createdAt: at, updatedAt: at });
    });
    return book.at(-1)!;
  };
}
