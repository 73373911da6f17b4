import { standingFrom, standingOf, standingText } from './standing.js';

it.each([
  [{ role: 'customer' }, 'customer'],
  [{ role: 'operator' }, 'operator'],
  [{ role: 'operator', roles: ['catalog', 'support'] }, 'operator:catalog,support'],
] as const)('%p is written as %s', (standing, text) => {
  expect(standingText(standing)).toBe(text);
  expect(standingOf(text)).toEqual(standing);
});

it.each(['guest', 'owner', '', undefined, 7])('%p is no standing', (text) => expect(standingOf(text)).toBeUndefined());

it.each([
  [{ role: 'operator' }, { role: 'operator' }],
  [{ role: 'operator', roles: ['owner', 'catalog'] }, { role: 'operator' }],
  [
    { role: 'customer', roles: ['catalog'] },
    { role: 'operator', roles: ['catalog'] },
  ],
  [{ role: 'operator', roles: [] }, { role: 'customer' }],
] as const)('%p counts as %p', (given, standing) => expect(standingFrom(given)).toEqual(standing));
