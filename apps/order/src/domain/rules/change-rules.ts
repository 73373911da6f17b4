import type { RuleChange, RuleList, ShopRules } from '@stoa/order-contract';
import type { IsCountry } from './check-areas.js';
import { checkRules } from './check-rules.js';

interface Rule {
  readonly id: string;
  readonly version: number;
}

/** The rules behind a change, or why it is refused. */
export type Changed =
  | { readonly rules: ShopRules }
  | { readonly refused: 'RULE_INVALID' | 'RULE_IN_USE' | 'NOT_FOUND'; readonly detail: string };

/** Rules by which others go. */
const USERS: Partial<Record<RuleList, (rules: ShopRules, id: string) => readonly Rule[]>> = {
  taxZones: ({ taxRates, taxExemptions }, id) => [...taxRates, ...taxExemptions].filter(({ zone }) => zone === id),
  shippingZones: ({ shippingMethods }, id) => shippingMethods.filter(({ zone }) => zone === id),
};

const byId = (a: Rule, b: Rule): number => (a.id < b.id ? -1 : 1);

function checked(rules: ShopRules, isCountry: IsCountry): Changed {
  const problems = [...checkRules(rules, isCountry)];
  return problems.length > 0 ? { refused: 'RULE_INVALID', detail: problems.slice(0, 5).join(' ') } : { rules };
}

/** Changes one rule. Its version is that of the rules with which it came: it grows also where a rule comes again. */
export function changeRules(rules: ShopRules, change: RuleChange, isCountry: IsCountry): Changed {
  const version = rules.version + 1;
  if (change.list === 'settings') return checked({ ...rules, version, settings: change.rule }, isCountry);
  const { list, id, rule } = change;
  const known: readonly Rule[] = rules[list];
  const others = known.filter((each) => each.id !== id);
  if (rule)
    return checked({ ...rules, version, [list]: [...others, { ...rule, id, version }].toSorted(byId) }, isCountry);
  if (others.length === known.length) return { refused: 'NOT_FOUND', detail: `There is no ${id}.` };
  const [user] = USERS[list]?.(rules, id) ?? [];
  if (user) return { refused: 'RULE_IN_USE', detail: `${user.id} goes by ${id}: change or remove it first.` };
  return checked({ ...rules, version, [list]: others }, isCountry);
}
