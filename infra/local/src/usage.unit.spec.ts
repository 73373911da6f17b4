import { USAGE } from './usage.js';

it.each(Object.entries(USAGE))('%s says how it is called, by its name for npm', (verb, text) => {
  expect(text).toMatch(new RegExp(`^npm run ${verb.replace('test-', 'test:')}\\b`));
});
