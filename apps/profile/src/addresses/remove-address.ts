import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { removeAddress } from '../domain/address-book.js';
import { BookOf } from './book-of.js';

type RemoveAddressHandler = Handler<typeof profile.removeAddress>;

@Injectable()
export class RemoveAddress implements RemoveAddressHandler {
  constructor(private readonly bookOf: BookOf) {}

  readonly handle: RemoveAddressHandler['handle'] = async ({ addressId }, context) => {
    await this.bookOf.change(context, (book) => removeAddress(book, addressId));
    return {};
  };
}
