import { errorOf, type Operator } from './operator.js';

const operator = (customerId: string, ...roles: string[]): Operator => ({
  customerId,
  roles,
  version: 1,
  since: new Date(0),
});
const two = [operator('ada', 'owner'), operator('bob', 'owner', 'catalog'), operator('eve', 'catalog')];
const one = [operator('ada', 'owner'), operator('bob')];

it.each([
  ['an owner may end another', 'ada', 'bob', [], two, undefined],
  ['an owner may end being one while there is another', 'ada', 'ada', ['catalog'], two, undefined],
  ['the last one may not', 'ada', 'ada', ['catalog'], one, 'LAST_OWNER'],
  ['the last one may take more roles', 'ada', 'ada', ['owner', 'catalog'], one, undefined],
  ['who was ended meanwhile may not', 'bob', 'ada', [], one, 'NOT_AN_OWNER'],
  ['an operator of another role may not', 'eve', 'eve', ['owner'], two, 'NOT_AN_OWNER'],
] as const)('%s', (_what, by, customerId, roles, operators, error) =>
  expect(errorOf({ by, customerId, roles }, operators)).toBe(error),
);
