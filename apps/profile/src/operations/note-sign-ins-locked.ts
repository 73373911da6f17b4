import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { Notices } from '../storage/notices.js';

type NoteSignInsLockedHandler = Handler<typeof profile.noteSignInsLocked>;

/** Notes for the owner of an account that wrong passwords locked somebody out of it. */
@Injectable()
export class NoteSignInsLocked implements NoteSignInsLockedHandler {
  constructor(private readonly notices: Notices) {}

  readonly handle: NoteSignInsLockedHandler['handle'] = async ({ customerId, network }, context) => {
    const { tx, bucket, now, publish } = context;
    const at = now.toISOString();
    const count = await this.notices.add(tx, bucket, customerId, { kind: 'sign-ins-locked', at, network });
    if (count !== undefined) await publish(profile.signInsLocked, count, { customerId, network, lockedAt: at });
    return {};
  };
}
