import { aPromotion, aRate } from '../../test/pricing-arbitraries.js';
import { operator, RulesService, shopper } from '../../test/rules-service.js';
import { DEFAULT_RULES } from '../domain/rules/default-rules.js';

const { version: _, ...rate } = aRate({ id: 'ny-city', zone: 'new-york', name: 'City', percent: '4.5' });
const { version: __, ...promotion } = aPromotion({ id: 'spring', code: 'SPRING', effect: { kind: 'free_shipping' } });

describe("operators' rules", () => {
  let service: RulesService;

  beforeAll(async () => {
    service = await RulesService.start();
    await service.startClone();
  });
  afterAll(() => service.stop());

  it('are those of the sample shop until they are changed, then copied to every shard', async () => {
    expect(await service.rules()).toEqual(DEFAULT_RULES);
    const { ok, body } = await service.ask('putTaxRate', rate);
    expect({ ok, body }).toEqual({ ok: true, body: { rulesVersion: 1, rule: { ...rate, version: 1 } } });
    await service.copied();
    const copies = await service.rows<{ body: object }>('SELECT body FROM shop_rules');
    const rules = await service.rules();
    expect(copies.map((copy) => copy.body)).toEqual([rules, rules]);
    expect(rules.taxRates).toContainEqual({ ...rate, version: 1 });
    await service.ask('removeTaxRate', { id: rate.id });
    expect((await service.rules()).taxRates).toHaveLength(DEFAULT_RULES.taxRates.length);
  });

  it('are refused where they make no sense, and nothing is changed then', async () => {
    const before = await service.rules();
    const refused = async (operation: Parameters<RulesService['ask']>[0], input: object) =>
      (await service.ask(operation, input)).body.code;
    expect(await refused('putTaxRate', { ...rate, zone: 'mars' })).toBe('RULE_INVALID');
    expect(await refused('putTaxRate', { ...rate, percent: '-1' })).toBe('INVALID_INPUT');
    expect(await refused('putTaxZone', { id: 'uk', name: 'UK', areas: [{ country: 'UK' }], prices: 'net' })).toBe(
      'RULE_INVALID',
    );
    expect(await refused('removeTaxZone', { id: 'germany' })).toBe('RULE_IN_USE');
    expect(await refused('removePromotion', { id: 'none' })).toBe('NOT_FOUND');
    expect(await refused('putPromotion', { ...promotion, rulesVersion: before.version + 1 })).toBe('RULES_CHANGED');
    expect(await service.rules()).toEqual(before);
  });

  it('are for operators who may change orders', async () => {
    for (const caller of [shopper(), { ...operator, roles: ['catalog'] } as typeof operator])
      expect((await service.ask('putTaxRate', rate, caller)).body.code).toBe('FORBIDDEN');
  });

  it('of many who change them at once are all kept', async () => {
    const { version } = await service.rules();
    const ids = Array.from({ length: 12 }, (_each, n) => `many-${n}`);
    const replies = await Promise.all(
      ids.map((id) => service.ask('putPromotion', { ...promotion, id, code: id.toUpperCase() })),
    );
    expect(replies.filter(({ ok }) => !ok)).toEqual([]);
    const rules = await service.rules();
    expect(rules.version).toBe(version + ids.length);
    expect(rules.promotions.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
  });

  it('have settings for the whole shop', async () => {
    const settings = { ...DEFAULT_RULES.settings, taxNumber: 'DE123' };
    expect((await service.ask('putSettings', settings)).body).toMatchObject({ settings });
    expect((await service.rules()).settings).toEqual(settings);
    const wrong = await service.ask('putSettings', { ...settings, country: 'XX' });
    expect(wrong.body).toMatchObject({ code: 'RULE_INVALID', detail: 'Settings: XX is not a country.' });
  });
});
