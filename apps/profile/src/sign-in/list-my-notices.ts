import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { Notices } from '../storage/notices.js';
import { customerIdOf } from '../domain/caller.js';

type ListMyNoticesHandler = Handler<typeof profile.listMyNotices>;

@Injectable()
export class ListMyNotices implements ListMyNoticesHandler {
  constructor(private readonly notices: Notices) {}

  readonly handle: ListMyNoticesHandler['handle'] = async (_input, { caller, fail }) => ({
    items: [...((await this.notices.read(customerIdOf(caller))) ?? fail('NOT_FOUND', 'There is no such customer'))],
  });
}
