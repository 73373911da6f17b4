import { Cursor, Day, Moment, pageLimit } from '@stoa/contract-kit';
import { z } from 'zod';
import { MAX_EMAIL_LENGTH } from './limits.js';

/** The promise of each query over all shards; part of each operation's description. */
const CONSISTENCY = `Reads every shard, each from one snapshot, in which the shard proves that it holds the customers it gives. So the \
result is whole: every customer is in it exactly once, also while customers are moved between shards. It is not one instant of all \
shards: of two changes made while it is put together, the later may show without the earlier. When a shard gives nothing in time, \
the query fails with UNAVAILABLE, which names it.`;

export const LIST_DESCRIPTION = `By sign-up time, or by name or e-mail address and then optionally only those that begin with \
\`prefix\`; page by page in both directions. A page costs at most its length of index entries on each shard, wherever it is in the \
list. Names and addresses are in the order of the bytes of their lower-case form. Between two pages a customer who changed their \
name or address may move over the border; by sign-up time nobody does. A cursor belongs to its list: the other parameters, but \
for \`limit\`, must stay the same. ${CONSISTENCY}`;

export const STATISTICS_DESCRIPTION = `Counts every account, the operators' too. Costs time in proportion to the number of customers. \
${CONSISTENCY}`;

export const ERASE_DESCRIPTION = `Takes the password as proof. From the response on the customer is unknown: nobody signs in, and \
operators' lists no longer show them. Within a moment their sessions end, their e-mail address and username are free for others, and \
their cart is emptied and closed. There is no way back. A retry under the same Idempotency-Key gets the same response for as long as \
the access token is taken, which is two seconds at most after the sessions ended.`;

/** The filters of the list of customers. */
export const ListCustomers = z.object({
  sort: z.enum(['createdAt', 'name', 'email']).default('createdAt'),
  order: z.enum(['asc', 'desc']).optional().describe('If not given: desc for createdAt, the newest first; else asc'),
  prefix: z
    .string()
    .min(1)
    .max(MAX_EMAIL_LENGTH)
    .regex(/^\P{Cc}+$/u, 'without control characters')
    .optional()
    .describe(
      'What the name or the e-mail address begins with, in any case of letters; goes with sort=name or sort=email',
    ),
  from: Moment.optional().describe('Signed up then or later; goes with sort=createdAt'),
  until: Moment.optional().describe('Signed up before; goes with sort=createdAt'),
  limit: pageLimit(100),
  cursor: Cursor.optional().describe('`next` or `previous` of another page of this list'),
});

/** The days of which sign-ups are counted. */
export const CustomerStatistics = z.object({
  from: Day.optional().describe('The first day, in UTC; 29 days before the last if not given'),
  to: Day.optional().describe('The last day, in UTC; today if not given. At most 366 days'),
});

/** How many customers there are, and when they signed up. */
export const CustomerFigures = z.object({
  customers: z.int().min(0).describe('All there are, whenever they signed up'),
  signUps: z
    .array(z.object({ day: Day, customers: z.int().min(0) }))
    .describe('One entry per day of the range, the first day first'),
});
