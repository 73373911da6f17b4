import { newId } from '@stoa/messaging';
import { eventually } from '@stoa/testing';
import { aPromotion } from '../../test/pricing-arbitraries.js';
import { RulesService, shopper } from '../../test/rules-service.js';

const effect = { kind: 'percent', percent: '10' } as const;

describe('coupons with limits', () => {
  let service: RulesService;

  beforeAll(async () => {
    service = await RulesService.start();
    await service.startClone();
    await service.startClone();
  });
  afterAll(() => service.stop());

  /** A promotion of its own for each test. @returns its hold command */
  const coupon = async (id: string, limits: { readonly limit?: number; readonly limitPerCustomer?: number }) => {
    const { version: _, ...promotion } = aPromotion({ id, code: id.toUpperCase(), effect, ...limits });
    expect((await service.ask('putPromotion', promotion)).ok).toBe(true);
    await service.copied();
    const counter = `code:${id.toUpperCase()}:${id}`;
    const hold = async (orderId: string, { customerId } = shopper(), holdSeconds = 600) => {
      const input = { counter, promotion: id, orderId, customerId, holdSeconds };
      const { ok, body } = await service.ask('holdCoupon', input, shopper());
      return ok ? 'held' : body.code;
    };
    const of = async (operation: 'confirmCoupon' | 'freeCoupon', orderId: string) =>
      (await service.ask(operation, { counter, orderId }, shopper())).body;
    const uses = async () => (await service.ask('getPromotionUses', { id })).body;
    return {
      hold,
      confirm: (id_: string) => of('confirmCoupon', id_),
      free: (id_: string) => of('freeCoupon', id_),
      uses,
    };
  };

  it('are held as often as the limit says, however many want them at once', async () => {
    const { hold, uses } = await coupon('rush', { limit: 7 });
    const replies = await Promise.all(Array.from({ length: 60 }, () => hold(newId())));
    expect(replies.filter((reply) => reply === 'held')).toHaveLength(7);
    expect(replies.filter((reply) => reply === 'COUPON_USED_UP')).toHaveLength(53);
    expect(await uses()).toEqual({ used: 0, held: 7, limit: 7 });
  });

  it('are held once by an order, confirmed once, and freed by one that came to nothing', async () => {
    const { hold, confirm, free, uses } = await coupon('one', { limit: 1 });
    const [mine, other] = [newId(), newId()];
    expect([await hold(mine), await hold(mine), await hold(other)]).toEqual(['held', 'held', 'COUPON_USED_UP']);
    expect([await confirm(mine), await confirm(mine)]).toEqual([{}, {}]);
    expect(await hold(mine)).toBe('held');
    expect(await uses()).toEqual({ used: 1, held: 0, limit: 1 });
    expect([await free(mine), await free(mine)]).toEqual([{ freed: true }, { freed: false }]);
    expect([await hold(other), await hold(mine)]).toEqual(['held', 'COUPON_USED_UP']);
    expect(await confirm(mine)).toMatchObject({ code: 'HOLD_EXPIRED' });
  });

  it('are given to a customer as often as that limit says, at once or not', async () => {
    const { hold, uses } = await coupon('each', { limitPerCustomer: 2 });
    const [me, you] = [shopper(), shopper()];
    const replies = await Promise.all(Array.from({ length: 10 }, () => hold(newId(), me)));
    expect(replies.filter((reply) => reply === 'held')).toHaveLength(2);
    expect(await hold(newId(), you)).toBe('held');
    expect(await uses()).toEqual({ used: 0, held: 3, limit: null });
  });

  it('come back when a hold ends, and the order that held them can not confirm them any more', async () => {
    const { hold, confirm } = await coupon('brief', { limit: 1 });
    const [slow, next] = [newId(), newId()];
    expect(await hold(slow, shopper(), 1)).toBe('held');
    await eventually(async () => expect(await hold(next)).toBe('held'));
    expect(await confirm(slow)).toMatchObject({ code: 'HOLD_EXPIRED' });
    expect(await hold(slow)).toBe('COUPON_USED_UP');
    expect(await confirm(next)).toEqual({});
  });

  it('are not held of a promotion that is not given any more', async () => {
    const { hold } = await coupon('gone', { limit: 1 });
    await service.ask('removePromotion', { id: 'gone' });
    await service.copied();
    expect(await hold(newId())).toBe('COUPON_UNKNOWN');
  });
});
