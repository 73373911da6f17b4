import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { customerIdOf } from '../domain/caller.js';
import { ProvePassword } from '../passwords/prove-password.js';
import { SecondFactors } from '../storage/second-factors.js';
import { CheckCode } from './check-code.js';

type RemoveSecondFactorFlow = Flow<typeof profile.removeSecondFactor>;

/** A flow, because hashing takes too long to hold a transaction open. Wrong passwords count as failed sign-ins. */
@Injectable()
export class RemoveSecondFactor implements RemoveSecondFactorFlow {
  constructor(
    private readonly factors: SecondFactors,
    private readonly proofs: ProvePassword,
    private readonly codes: CheckCode,
  ) {}

  readonly run: RemoveSecondFactorFlow['run'] = async ({ currentPassword, code }, { caller, fail }) => {
    const customerId = customerIdOf(caller);
    await this.proofs.require(customerId, currentPassword, fail);
    await this.codes.require(customerId, code, fail);
    await this.factors.delete(customerId);
    return {};
  };
}
