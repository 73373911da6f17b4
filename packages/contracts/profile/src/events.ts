import { CustomerId, event, Timestamp, withoutLimits } from '@stoa/contract-kit';
import { z } from 'zod';
import { DisplayName } from './words.js';

/** Events of customers. They are kept for days, and hold no more of them than needed. */
export const events = {
  customerRegistered: event({
    summary: 'A customer registered',
    key: 'customerId',
    data: withoutLimits(z.object({ customerId: CustomerId, displayName: DisplayName, registeredAt: Timestamp })),
  }),
  profileChanged: event({
    summary: 'A customer changed their profile',
    key: 'customerId',
    data: withoutLimits(z.object({ customerId: CustomerId, displayName: DisplayName, changedAt: Timestamp })),
  }),
  /** Whoever keeps anything about a customer deletes it now. Holds nothing about them but the id. */
  customerErased: event({
    summary: 'A customer was erased: their sessions end, and everything kept about them is to be deleted',
    key: 'customerId',
    data: z.object({ customerId: CustomerId, erasedAt: Timestamp }),
    endsSessions: true,
    since: 2,
  }),
  signInChanged: event({
    summary: 'A customer changed their password or e-mail address: their other sessions end',
    key: 'customerId',
    data: z.object({
      customerId: CustomerId,
      changedAt: Timestamp,
      by: z.uuid().optional().describe('The command that did it: whoever sent it stays signed in'),
    }),
    endsEarlierSessions: true,
    since: 4,
  }),
  passwordReset: event({
    summary: 'A password was set by a mailed link: sessions from before end',
    key: 'customerId',
    data: z.object({ customerId: CustomerId, resetAt: Timestamp }),
    endsEarlierSessions: true,
    since: 4,
  }),
  /** For this service itself. It holds no name, because events are kept for days. */
  namesDecided: event({
    summary: 'A command that had reserved login names was decided: they can be confirmed or released',
    key: 'token',
    data: z.object({
      token: z.uuid().describe('The command that reserved them'),
      customerId: CustomerId,
      buckets: z.array(z.int().min(0)).describe("The names' buckets in the lookup keyspace"),
    }),
    since: 2,
  }),
};
