import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { customerIdOf } from '../domain/caller.js';
import { ProvePassword } from '../passwords/prove-password.js';
import { CheckCode } from '../second-factor/check-code.js';

type ProveMyPasswordFlow = Flow<typeof profile.provePassword>;

/** A flow, because comparing takes too long to hold a transaction open. Strangers' wrong passwords do not lock it. */
@Injectable()
export class ProveMyPassword implements ProveMyPasswordFlow {
  constructor(
    private readonly proofs: ProvePassword,
    private readonly codes: CheckCode,
  ) {}

  readonly run: ProveMyPasswordFlow['run'] = async ({ password, code }, { caller, fail }) => {
    const customerId = customerIdOf(caller);
    const { who } = await this.proofs.requireProof(customerId, password, fail);
    if (who.hasSecondFactor) await this.codes.demand(customerId, code, fail);
    return {};
  };
}
