import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { customerIdOf } from '../domain/caller.js';
import { newSecret, uriOf } from './totp.js';
import { ProvePassword } from '../passwords/prove-password.js';
import { Customers } from '../storage/customers.js';
import { SecondFactors } from '../storage/second-factors.js';
import { SecretSeal } from './secret-seal.js';

type EnrolSecondFactorFlow = Flow<typeof profile.enrolSecondFactor>;

/** A flow, because hashing takes too long to hold a transaction open. Each run gives another secret. */
@Injectable()
export class EnrolSecondFactor implements EnrolSecondFactorFlow {
  constructor(
    private readonly customers: Customers,
    private readonly factors: SecondFactors,
    private readonly proofs: ProvePassword,
    private readonly seal: SecretSeal,
  ) {}

  readonly run: EnrolSecondFactorFlow['run'] = async ({ currentPassword }, { caller, fail }) => {
    if (!this.seal.isOn) return fail('SECOND_FACTOR_OFF', 'This shop keeps no second factors: ask whoever runs it');
    const customerId = customerIdOf(caller);
    await this.proofs.require(customerId, currentPassword, fail);
    const secret = newSecret();
    const sealed = await this.seal.seal(secret);
    let uri: string | undefined;
    let isKept = false;
    await this.customers.whileLocked(customerId, async (tx, bucket, { email }) => {
      uri = uriOf(secret, email);
      isKept = await this.factors.enrol(tx, bucket, customerId, sealed);
    });
    if (uri === undefined) return fail('NOT_FOUND', 'There is no such customer');
    return isKept ? { secret, uri } : fail('SECOND_FACTOR_IS_ON', 'There is one already: remove it first');
  };
}
