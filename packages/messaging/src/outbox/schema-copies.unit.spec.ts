import { globSync, readFileSync } from 'node:fs';

const copies = globSync('apps/*/prisma*/migrations/*_messaging/migration.sql').toSorted();

it('finds the services that have such a migration', () => {
  const apps = copies.map((file) => file.split(/[/\\]/)[1]);
  expect(apps).toEqual(expect.arrayContaining(['cart', 'catalog', 'profile', 'shards']));
});

it.each(copies)("%s holds messaging's tables verbatim", (file) => {
  expect(readFileSync(file, 'utf8')).toBe(readFileSync('packages/messaging/sql/messaging.sql', 'utf8'));
});

it.each(copies)("%s is followed by messaging's later changes, verbatim", (file) => {
  const [later] = globSync(file.replace(/[^/\\]+_messaging/, '*_inbox_pages'));
  expect(readFileSync(later ?? '', 'utf8')).toBe(readFileSync('packages/messaging/sql/inbox-pages.sql', 'utf8'));
});
