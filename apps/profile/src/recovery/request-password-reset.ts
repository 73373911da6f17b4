import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { emailName } from '../domain/login-name.js';
import { QueueMail } from '../mail/queue-mail.js';
import { ResetRequests } from '../storage/reset-requests.js';

type RequestPasswordResetHandler = Handler<typeof profile.requestPasswordReset>;

/**
 * Keeps the request, and looks nobody up: so the response and its time are the same, whoever has an account.
 * SettleResetRequests does the rest.
 */
@Injectable()
export class RequestPasswordReset implements RequestPasswordResetHandler {
  constructor(
    private readonly requests: ResetRequests,
    private readonly mail: QueueMail,
  ) {}

  readonly handle: RequestPasswordResetHandler['handle'] = async ({ email }, { tx, bucket, mintId, fail }) => {
    if (!this.mail.isOn) return fail('MAIL_OFF', 'This shop sends no mail: ask whoever runs it');
    await this.requests.insert(tx, bucket, {
      requestId: mintId(),
      email: emailName(email).name,
      kind: 'reset-password',
    });
    return {};
  };
}
