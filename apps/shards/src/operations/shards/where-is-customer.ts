import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { shards } from '@stoa/shards-contract';
import { findCustomer } from '../../customers/find-customer.js';
import { Directory } from '../../directory.js';
import { orBusinessError } from '../business-errors.js';

@Injectable()
export class WhereIsCustomer implements Handler<typeof shards.whereIsCustomer> {
  constructor(private readonly directory: Directory) {}

  readonly handle: Handler<typeof shards.whereIsCustomer>['handle'] = async ({ customer }, { fail }) =>
    orBusinessError(fail, async () => {
      const found = await findCustomer(this.directory.url, customer);
      return found ?? fail('NOT_FOUND', `No customer ${customer}`);
    });
}
