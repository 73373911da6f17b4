import { ServiceAvailability } from './service-availability.js';

describe('ServiceAvailability', () => {
  it('lets one request at a time probe whether a service is available again', () => {
    const availability = new ServiceAvailability();
    expect(availability.mayTry('things', 0)).toBe(true);
    availability.noReply('things', 0);
    expect(availability.mayTry('things', 500)).toBe(false);
    expect(availability.mayTry('others', 500)).toBe(true);
    expect(availability.mayTry('things', 1_000)).toBe(true);
    expect(availability.mayTry('things', 5_000)).toBe(false);
    availability.noReply('things', 5_000);
    expect(availability.mayTry('things', 5_999)).toBe(false);
    expect(availability.mayTry('things', 6_000)).toBe(true);
    availability.replied('things');
    expect(availability.mayTry('things', 6_001)).toBe(true);
    expect(availability.mayTry('things', 6_001)).toBe(true);
  });

  it('takes a query that fails alone as a failure of that query, not of its service', () => {
    const availability = new ServiceAvailability();
    for (let n = 0; n < 10; n++) availability.noReply('things', n, 'one');
    expect(availability.mayTry('things', 500, 'one')).toBe(false);
    expect(availability.mayTry('things', 500, 'two')).toBe(true);
    expect(availability.mayTry('things', 1_100, 'one')).toBe(true);
    expect(availability.mayTry('things', 1_100, 'one')).toBe(false);
  });

  it('takes a service as unavailable when several queries in a row got no reply, and none did in between', () => {
    const availability = new ServiceAvailability();
    for (const query of ['one', 'two', 'three']) availability.noReply('things', 10, query, 0);
    expect(availability.mayTry('things', 500, 'four')).toBe(false);
    expect(availability.mayTry('things', 1_010, 'four')).toBe(true);
    expect(availability.mayTry('things', 1_010, 'five')).toBe(false);
    availability.noReply('things', 1_020, 'four', 1_010);
    expect(availability.mayTry('things', 1_500, 'five')).toBe(false);
    availability.replied('things', 'four', 2_030);
    expect(availability.mayTry('things', 2_031, 'five')).toBe(true);
    // Sent before that reply came: whatever they wait for, the service is available.
    for (const query of ['one', 'two', 'three', 'six']) availability.noReply('things', 2_040, query, 2_000);
    expect(availability.mayTry('things', 2_050, 'five')).toBe(true);
  });

  it('learns nothing of a service from requests that are refused on the way', () => {
    const availability = new ServiceAvailability();
    for (const query of ['one', 'two', 'three', 'four']) availability.queryFailed('things', 0, query);
    expect(availability.mayTry('things', 500, 'one')).toBe(false);
    expect(availability.mayTry('things', 500, 'five')).toBe(true);
    // After a probe that was refused, the next one is up to others.
    availability.noReply('things', 0);
    expect(availability.mayTry('things', 1_000, 'five')).toBe(true);
    availability.queryFailed('things', 1_000, 'five');
    expect(availability.mayTry('things', 2_000, 'six')).toBe(true);
  });
});
