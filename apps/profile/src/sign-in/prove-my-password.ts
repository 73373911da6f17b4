import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { customerIdOf } from '../domain/caller.js';
import { ProvePassword } from '../passwords/prove-password.js';

type ProveMyPasswordFlow = Flow<typeof profile.provePassword>;

/** A flow, because comparing takes too long to hold a transaction open. Strangers' wrong passwords do not lock it. */
@Injectable()
export class ProveMyPassword implements ProveMyPasswordFlow {
  constructor(private readonly proofs: ProvePassword) {}

  readonly run: ProveMyPasswordFlow['run'] = async ({ password }, { caller, fail }) => {
    await this.proofs.require(customerIdOf(caller), password, fail);
    return {};
  };
}
