/** The cards that this provider knows. There are no others: a number that is somebody's card is refused unread. */
export interface TestCard {
  readonly number: string;
  readonly token: string;
  readonly brand: string;
  /** The code that it is declined with. */
  readonly decline?: { readonly code: string; readonly decline_code: string; readonly message: string };
  /** Its bank wants the shopper's approval. */
  readonly challenge?: true;
  /** Faults that the provider then has: see faults/menu.ts. */
  readonly faults?: readonly string[];
  readonly about: string;
}

const declined = (decline_code: string, message: string, code = 'card_declined') => ({ code, decline_code, message });

export const TEST_CARDS: readonly TestCard[] = [
  { number: '4242424242424242', token: 'pm_card_visa', brand: 'visa', about: 'is accepted' },
  { number: '5555555555554444', token: 'pm_card_mastercard', brand: 'mastercard', about: 'is accepted' },
  { number: '378282246310005', token: 'pm_card_amex', brand: 'amex', about: 'is accepted' },
  {
    number: '4000000000000002',
    token: 'pm_card_chargeDeclined',
    brand: 'visa',
    decline: declined('generic_decline', 'Your card was declined.'),
    about: 'is declined',
  },
  {
    number: '4000000000009995',
    token: 'pm_card_chargeDeclinedInsufficientFunds',
    brand: 'visa',
    decline: declined('insufficient_funds', 'Your card has insufficient funds.'),
    about: 'is declined: not enough on it',
  },
  {
    number: '4000000000000069',
    token: 'pm_card_chargeDeclinedExpiredCard',
    brand: 'visa',
    decline: declined('expired_card', 'Your card has expired.', 'expired_card'),
    about: 'is declined: expired',
  },
  {
    number: '4000002500003155',
    token: 'pm_card_authenticationRequired',
    brand: 'visa',
    challenge: true,
    about: 'needs approval (3-D Secure)',
  },
  {
    number: '4000000000003220',
    token: 'pm_card_threeDSecure2Required',
    brand: 'visa',
    challenge: true,
    about: 'needs approval (3-D Secure)',
  },
  ...fault('4000000000010019', 'timeoutAfter', 'is charged, and the provider does not respond'),
  ...fault('4000000000010027', 'timeoutBefore', 'is not charged, and the provider does not respond'),
  ...fault('4000000000010035', '500After', 'is charged, and the provider says 500'),
  ...fault('4000000000010043', '500Before', 'is not charged, and the provider says 500'),
  ...fault('4000000000010050', '429', 'is accepted at the third request: 429 before'),
  ...fault('4000000000010068', 'webhookEarly', 'its webhook comes before the response'),
  ...fault('4000000000010076', 'webhookLate', 'its webhooks come late'),
  ...fault('4000000000010084', 'webhookThrice', 'each of its webhooks comes three times at once'),
  ...fault('4000000000010092', 'webhookReverse', 'its webhooks come in reverse order'),
  ...fault('4000000000010100', 'webhookNever', 'its webhooks never come'),
  ...fault('4000000000010118', 'expires', 'its authorisation expires after two seconds'),
  ...fault('4000000000010126', 'refundPending', 'its refunds take two seconds'),
  ...fault('4000000000010134', 'refundFails', 'its refunds fail after two seconds'),
];

function fault(number: string, name: string, about: string): TestCard[] {
  return [{ number, token: `pm_fault_${name}`, brand: 'visa', faults: [name], about }];
}

const BY_TOKEN = new Map(TEST_CARDS.map((card) => [card.token, card]));
const BY_NUMBER = new Map(TEST_CARDS.map((card) => [card.number, card]));

export const cardOfToken = (token: string): TestCard | undefined => BY_TOKEN.get(token);
export const cardOfNumber = (number: string): TestCard | undefined => BY_NUMBER.get(number.replaceAll(/[\s-]/g, ''));
