import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { order } from '@stoa/order-contract';
import { isCountry } from '@stoa/addresses';
import { changeRules } from '../domain/rules/change-rules.js';
import { ShopRules } from '../storage/shop-rules.js';

type ChangeRulesHandler = Handler<typeof order.changeRules>;

/** Changes the rules in their bucket and publishes them for the copies. */
@Injectable()
export class ChangeRules implements ChangeRulesHandler {
  constructor(private readonly rules: ShopRules) {}

  readonly handle: ChangeRulesHandler['handle'] = async ({ change, rulesVersion }, { tx, bucket, publish, fail }) => {
    const current = await this.rules.lock(tx, bucket);
    if (rulesVersion !== undefined && rulesVersion !== current.version)
      fail('RULES_CHANGED', `The rules' version is ${current.version}.`);
    const changed = changeRules(current, change, isCountry);
    if ('refused' in changed) return fail(changed.refused, changed.detail);
    const { rules } = changed;
    // Only the first change can meet another here: of all others the row was locked.
    if (!(await this.rules.save(tx, bucket, rules))) fail('RULES_CHANGED', 'The rules were changed at the same time.');
    await publish(order.rules, rules.version, rules);
    return { rulesVersion: rules.version };
  };
}
