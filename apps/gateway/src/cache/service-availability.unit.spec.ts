import { ServiceReach } from './service-availability.js';

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

  it('takes a question that fails alone for that question, not for its service', () => {
    const reach = new ServiceReach();
    for (let n = 0; n < 10; n++) reach.failed('things', n, 'one');
    expect(reach.mayAsk('things', 500, 'one')).toBe(false);
    expect(reach.mayAsk('things', 500, 'two')).toBe(true);
    expect(reach.mayAsk('things', 1_100, 'one')).toBe(true);
    expect(reach.mayAsk('things', 1_100, 'one')).toBe(false);
  });

  it('takes a service for unreachable when several questions in a row got no answer, and none did meanwhile', () => {
    const reach = new ServiceReach();
    for (const question of ['one', 'two', 'three']) reach.failed('things', 10, question, 0);
    expect(reach.mayAsk('things', 500, 'four')).toBe(false);
    expect(reach.mayAsk('things', 1_010, 'four')).toBe(true);
    expect(reach.mayAsk('things', 1_010, 'five')).toBe(false);
    reach.failed('things', 1_020, 'four', 1_010);
    expect(reach.mayAsk('things', 1_500, 'five')).toBe(false);
    reach.answered('things', 'four', 2_030);
    expect(reach.mayAsk('things', 2_031, 'five')).toBe(true);
    // Asked before that answer came: whatever they wait for, the service is there.
    for (const question of ['one', 'two', 'three', 'six']) reach.failed('things', 2_040, question, 2_000);
    expect(reach.mayAsk('things', 2_050, 'five')).toBe(true);
  });

  it('learns nothing of a service from what is refused on the way there', () => {
    const reach = new ServiceReach();
    for (const question of ['one', 'two', 'three', 'four']) reach.setAside('things', 0, question);
    expect(reach.mayAsk('things', 500, 'one')).toBe(false);
    expect(reach.mayAsk('things', 500, 'five')).toBe(true);
    // A probe that was refused leaves the next one to others.
    reach.failed('things', 0);
    expect(reach.mayAsk('things', 1_000, 'five')).toBe(true);
    reach.setAside('things', 1_000, 'five');
    expect(reach.mayAsk('things', 2_000, 'six')).toBe(true);
  });
});
