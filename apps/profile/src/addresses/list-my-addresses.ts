import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { customerIdOf } from '../domain/caller.js';
import { AddressBooks } from '../storage/address-books.js';

type ListMyAddressesHandler = Handler<typeof profile.listMyAddresses>;

@Injectable()
export class ListMyAddresses implements ListMyAddressesHandler {
  constructor(private readonly books: AddressBooks) {}

  readonly handle: ListMyAddressesHandler['handle'] = async (_input, { caller }) => ({
    items: [...(await this.books.read(customerIdOf(caller)))],
  });
}
