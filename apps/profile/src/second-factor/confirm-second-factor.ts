import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { customerIdOf } from '../domain/caller.js';
import { hashOfCode, newRecoveryCodes } from './totp.js';
import { SecondFactors } from '../storage/second-factors.js';
import { CheckCode } from './check-code.js';

type ConfirmSecondFactorFlow = Flow<typeof profile.confirmSecondFactor>;

/** A flow, because it gives secrets, which are never stored as a reply: a retry needs the next code. */
@Injectable()
export class ConfirmSecondFactor implements ConfirmSecondFactorFlow {
  constructor(
    private readonly factors: SecondFactors,
    private readonly codes: CheckCode,
  ) {}

  readonly run: ConfirmSecondFactorFlow['run'] = async ({ code }, { caller, fail }) => {
    const customerId = customerIdOf(caller);
    const factor = (await this.factors.read(customerId)) ?? fail('NOT_FOUND', 'Ask for a secret first');
    if (factor.isConfirmed) return fail('SECOND_FACTOR_IS_ON', 'There is one already');
    const recoveryCodes = newRecoveryCodes();
    await this.codes.require(customerId, code, fail, {
      isConfirmed: true,
      recoveryCodes: recoveryCodes.map(hashOfCode),
    });
    return { recoveryCodes };
  };
}
