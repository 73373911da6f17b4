import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { customerIdOf } from '../domain/caller.js';
import { errorOf } from '../domain/operator.js';
import { OperatorRegistry } from '../storage/operator-registry.js';

type DecideOperatorHandler = Handler<typeof profile.decideOperator>;

const WHY = {
  NOT_AN_OWNER: 'You are no owner any more',
  LAST_OWNER: 'There would be no owner any more: make somebody else one first',
} as const;

/**
 * Decides who is an operator, and how. Behind the lock of the registry, so that of two owners who end each other, the
 * second finds that they are none.
 */
@Injectable()
export class DecideOperator implements DecideOperatorHandler {
  constructor(private readonly registry: OperatorRegistry) {}

  readonly handle: DecideOperatorHandler['handle'] = async ({ customerId, roles }, context) => {
    const { tx, bucket, caller, now, publish, fail } = context;
    const by = customerIdOf(caller);
    const known = await this.registry.lock(tx, bucket);
    // Who was let in as an owner without being entered is one of before there were roles.
    const isOfBefore = known.every((operator) => operator.customerId !== by);
    if (isOfBefore) await this.registry.enter(tx, bucket, by);
    const all = isOfBefore ? [...known, { customerId: by, roles: ['owner'], version: 1, since: now }] : known;
    const change = { customerId, roles: [...new Set(roles)], by };
    const error = errorOf(change, all);
    if (error) return fail(error, WHY[error]);
    const saved = await this.registry.save(tx, bucket, change, now);
    await publish(profile.operatorDecided, saved.version, { customerId, roles: [...saved.roles] });
    return { roles: [...saved.roles], since: saved.since.toISOString() };
  };
}
