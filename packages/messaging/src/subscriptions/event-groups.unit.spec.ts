import { EventGroups } from './event-groups.js';

const groups = new EventGroups('cart.events');

it('names a group by the set of its events, in whichever order they are declared', () => {
  expect(groups.idOf(['profile.erased', 'catalog.priced'])).toBe('cart.events:catalog.priced,profile.erased');
  expect(groups.idOf(['catalog.priced', 'profile.erased'])).toBe(groups.idOf(['profile.erased', 'catalog.priced']));
});

it('reads from a name which events the group handles', () => {
  expect(groups.eventsOf('cart.events:catalog.priced,profile.erased')).toEqual(['catalog.priced', 'profile.erased']);
  expect(groups.eventsOf('cart.events')).toEqual([]);
  expect(groups.eventsOf('cart.events.profile')).toEqual([]);
  expect(groups.eventsOf('other.events:catalog.priced')).toEqual([]);
});

it('knows the groups in which clones of the service are', () => {
  const all = [
    'cart',
    'cart.events',
    'cart.events:catalog.priced',
    'cart.events.profile',
    'cart2.events:catalog.priced',
  ];
  expect(all.filter((id) => groups.isOurs(id))).toEqual(['cart.events', 'cart.events:catalog.priced']);
});
