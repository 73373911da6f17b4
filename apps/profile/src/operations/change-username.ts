import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { username as usernameOf } from '../domain/login-name.js';
import { ChangeName } from '../names/change-name.js';
import { customerIdOf } from '../domain/caller.js';

type ChangeUsernameFlow = Flow<typeof profile.changeUsername>;

/** A flow, because the names are in buckets of their own. */
@Injectable()
export class ChangeUsername implements ChangeUsernameFlow {
  constructor(private readonly change: ChangeName) {}

  readonly run: ChangeUsernameFlow['run'] = async ({ username }, flow) => {
    const customerId = customerIdOf(flow.caller);
    const earlier = await this.change.earlierReply(flow, customerId);
    return earlier ?? this.change.run(flow, customerId, 'username', username === null ? null : usernameOf(username));
  };
}
