import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { customerIdOf } from '../domain/caller.js';
import { SecondFactors } from '../storage/second-factors.js';

type GetSecondFactorHandler = Handler<typeof profile.getSecondFactor>;

@Injectable()
export class GetSecondFactor implements GetSecondFactorHandler {
  constructor(private readonly factors: SecondFactors) {}

  readonly handle: GetSecondFactorHandler['handle'] = async (_input, { caller }) => {
    const factor = await this.factors.read(customerIdOf(caller));
    return factor?.isConfirmed
      ? { on: true, recoveryCodesLeft: factor.recoveryCodes.length }
      : { on: false, recoveryCodesLeft: 0 };
  };
}
