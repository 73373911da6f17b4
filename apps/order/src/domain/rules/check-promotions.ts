import { isCurrency } from '@stoa/contract-kit';
import type { Promotion, ShopRules } from '@stoa/order-contract';
import { isEmpty, overlap } from '../pricing/period.js';

function* checkPromotion(promotion: Promotion, { promotions }: ShopRules): Generator<string> {
  const { id, code, effect, minimum } = promotion;
  const amounts = [effect.kind === 'amount' ? effect.amount : null, minimum.amount].filter((each) => each !== null);
  for (const { currency } of amounts)
    if (!isCurrency(currency)) yield `Promotion ${id}: ${currency} is not a currency.`;
  if (effect.kind === 'x_for_y' && effect.pay >= effect.take)
    yield `Promotion ${id}: of ${effect.take} pieces fewer than ${effect.take} are to be paid.`;
  if (isEmpty(promotion)) yield `Promotion ${id}: it ends before it begins.`;
  const other = promotions.find(
    (each) => each.id < id && code !== null && each.code === code && overlap(each, promotion),
  );
  if (other) yield `Promotion ${id}: ${other.id} has the code ${code} at the same time.`;
}

export function* checkPromotions(rules: ShopRules): Generator<string> {
  for (const promotion of rules.promotions) yield* checkPromotion(promotion, rules);
}
