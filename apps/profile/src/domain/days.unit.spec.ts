import { countDays, dayOf, daysAfter, daysFrom, startOf } from './days.js';

describe('days', () => {
  it('are those of UTC', () => {
    expect(dayOf(new Date('2026-11-24T23:59:59.999Z'))).toBe('2026-11-24');
    expect(dayOf(new Date('2026-11-25T00:30:00+01:00'))).toBe('2026-11-24');
    expect(startOf('2026-11-24').toISOString()).toBe('2026-11-24T00:00:00.000Z');
  });

  it('go over the ends of months, years and Februaries', () => {
    expect(daysAfter('2026-12-31', 1)).toBe('2027-01-01');
    expect(daysAfter('2028-03-01', -1)).toBe('2028-02-29');
    expect(daysFrom('2026-02-27', 3)).toEqual(['2026-02-27', '2026-02-28', '2026-03-01']);
  });

  it('are counted with the first and the last', () => {
    expect(countDays('2026-11-24', '2026-11-24')).toBe(1);
    expect(countDays('2028-01-01', '2028-12-31')).toBe(366);
    expect(countDays('2026-11-24', '2026-11-23')).toBe(0);
  });
});
