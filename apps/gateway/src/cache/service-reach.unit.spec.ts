import { ServiceReach } from './service-reach.js';

describe('ServiceReach', () => {
  it('lets one request at a time find out whether a service is back', () => {
    const reach = new ServiceReach();
    expect(reach.mayAsk('things', 0)).toBe(true);
    reach.failed('things', 0);
    expect(reach.mayAsk('things', 500)).toBe(false);
    expect(reach.mayAsk('others', 500)).toBe(true);
    expect(reach.mayAsk('things', 1_000)).toBe(true);
    expect(reach.mayAsk('things', 5_000)).toBe(false);
    reach.failed('things', 5_000);
    expect(reach.mayAsk('things', 5_999)).toBe(false);
    expect(reach.mayAsk('things', 6_000)).toBe(true);
    reach.answered('things');
    expect(reach.mayAsk('things', 6_001)).toBe(true);
    expect(reach.mayAsk('things', 6_001)).toBe(true);
  });
});
