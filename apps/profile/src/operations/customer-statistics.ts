import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { countDays, dayOf, daysAfter, daysFrom, startOf } from '../domain/days.js';
import { CustomerLists } from '../storage/customer-lists.js';

type CustomerStatisticsHandler = Handler<typeof profile.customerStatistics>;

const DAYS_IF_NOT_GIVEN = 30;
const MOST_DAYS = 366;

@Injectable()
export class CustomerStatistics implements CustomerStatisticsHandler {
  constructor(private readonly lists: CustomerLists) {}

  readonly handle: CustomerStatisticsHandler['handle'] = async (input, { budgetMs, fail }) => {
    const { to = dayOf(new Date()) } = input;
    const { from = daysAfter(to, 1 - DAYS_IF_NOT_GIVEN) } = input;
    const days = countDays(from, to);
    if (days < 1 || days > MOST_DAYS) {
      const detail = `from the first day to the last, 1 to ${MOST_DAYS} days, not ${days}`;
      return fail('INVALID_INPUT', 'The input is not valid', [{ pointer: '/from', detail }]);
    }
    const { customers, signUps } = await this.lists.figures(startOf(from), startOf(daysAfter(to, 1)), budgetMs);
    return { customers, signUps: daysFrom(from, days).map((day) => ({ day, customers: signUps.get(day) ?? 0 })) };
  };
}
