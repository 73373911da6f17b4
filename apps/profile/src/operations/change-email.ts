import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { emailName } from '../domain/login-name.js';
import { ChangeName } from '../names/change-name.js';
import { customerIdOf } from '../domain/caller.js';
import { ProvePassword } from '../passwords/prove-password.js';

type ChangeEmailFlow = Flow<typeof profile.changeEmail>;

/** A flow, because the names are in buckets of their own. Wrong passwords count as failed sign-ins. */
@Injectable()
export class ChangeEmail implements ChangeEmailFlow {
  constructor(
    private readonly change: ChangeName,
    private readonly proofs: ProvePassword,
  ) {}

  readonly run: ChangeEmailFlow['run'] = async ({ email, currentPassword }, flow) => {
    const customerId = customerIdOf(flow.caller);
    const earlier = await this.change.earlierReply(flow, customerId);
    if (earlier) return earlier;
    await this.proofs.require(customerId, currentPassword, flow.fail);
    return this.change.run(flow, customerId, 'email', emailName(email));
  };
}
