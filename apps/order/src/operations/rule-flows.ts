import { Injectable } from '@nestjs/common';
import type { OutputOf } from '@stoa/contract-kit';
import type { Flow } from '@stoa/messaging';
import { order, type RuleChange, type RuleList } from '@stoa/order-contract';

type Put =
  | typeof order.putTaxZone
  | typeof order.putTaxRate
  | typeof order.putTaxExemption
  | typeof order.putShippingZone
  | typeof order.putShippingMethod
  | typeof order.putPromotion;
type Remove =
  | typeof order.removeTaxZone
  | typeof order.removeTaxRate
  | typeof order.removeTaxExemption
  | typeof order.removeShippingZone
  | typeof order.removeShippingMethod
  | typeof order.removePromotion;

/**
 * A flow that puts a rule into a list: the rules are one document, in a bucket of its own, whatever rule is named. The
 * types of list and rule belong together by `RULE_FLOWS`, and the step's input is parsed once more.
 */
function putting<Op extends Put>(list: RuleList) {
  @Injectable()
  class PutRule implements Flow<Op> {
    readonly run: Flow<Op>['run'] = async (input, flow) => {
      const { rulesVersion: seen, ...rule } = input as { readonly id: string; readonly rulesVersion?: number };
      const change = { list, id: rule.id, rule } as RuleChange;
      const { rulesVersion } = await flow.step('change', order.changeRules, {
        document: 'rules',
        change,
        rulesVersion: seen,
      });
      return { rulesVersion, rule: { ...rule, version: rulesVersion } } as OutputOf<Op>;
    };
  }
  return PutRule;
}

function removing<Op extends Remove>(list: RuleList) {
  @Injectable()
  class RemoveRule implements Flow<Op> {
    readonly run: Flow<Op>['run'] = async (input, flow) => {
      const { id, rulesVersion } = input as { readonly id: string; readonly rulesVersion?: number };
      const change = { list, id, rule: null } as RuleChange;
      await flow.step('change', order.changeRules, { document: 'rules', change, rulesVersion });
      return {} as OutputOf<Op>;
    };
  }
  return RemoveRule;
}

@Injectable()
class PutSettings implements Flow<typeof order.putSettings> {
  readonly run: Flow<typeof order.putSettings>['run'] = async ({ rulesVersion: seen, ...settings }, flow) => {
    const change = { list: 'settings' as const, rule: settings };
    const { rulesVersion } = await flow.step('change', order.changeRules, {
      document: 'rules',
      change,
      rulesVersion: seen,
    });
    return { rulesVersion, settings };
  };
}

/** The operations that change a rule. */
export const RULE_FLOWS = {
  putSettings: PutSettings,
  putTaxZone: putting<typeof order.putTaxZone>('taxZones'),
  removeTaxZone: removing<typeof order.removeTaxZone>('taxZones'),
  putTaxRate: putting<typeof order.putTaxRate>('taxRates'),
  removeTaxRate: removing<typeof order.removeTaxRate>('taxRates'),
  putTaxExemption: putting<typeof order.putTaxExemption>('taxExemptions'),
  removeTaxExemption: removing<typeof order.removeTaxExemption>('taxExemptions'),
  putShippingZone: putting<typeof order.putShippingZone>('shippingZones'),
  removeShippingZone: removing<typeof order.removeShippingZone>('shippingZones'),
  putShippingMethod: putting<typeof order.putShippingMethod>('shippingMethods'),
  removeShippingMethod: removing<typeof order.removeShippingMethod>('shippingMethods'),
  putPromotion: putting<typeof order.putPromotion>('promotions'),
  removePromotion: removing<typeof order.removePromotion>('promotions'),
};
