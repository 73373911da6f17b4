import { hasRole, OPERATOR_ROLES, type RoleRule } from './operator-roles.js';

it.each<[RoleRule['kind'], string | undefined, string]>([
  ['command', undefined, 'owner catalog orders support'],
  ['command', 'catalog', 'owner catalog'],
  ['command', 'owner', 'owner'],
  ['query', undefined, 'owner catalog orders support read-only'],
  ['query', 'support', 'owner support read-only'],
  ['query', 'read-only', 'owner read-only'],
  ['query', 'owner', 'owner'],
])('a %s for %s is for %s', (kind, role, expected) => {
  expect(OPERATOR_ROLES.filter((each) => hasRole({ kind, role }, [each])).join(' ')).toBe(expected);
  expect(hasRole({ kind, role }, [])).toBe(false);
});
