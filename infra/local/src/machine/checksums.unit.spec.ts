import { checksumFaults } from './checksums.js';

// printf a | sha256sum
const A = 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb';
const LIST = `${A}  a.jar\n${A} *b.jar\n`;
const files = (contents: Record<string, string>) =>
  new Map(Object.entries(contents).map(([name, text]) => [name, Buffer.from(text)]));

it('finds a file that is another one, is missing, or that nobody wanted', () => {
  expect(checksumFaults(LIST, files({ 'a.jar': 'a', 'b.jar': 'a' }))).toEqual([]);
  expect(checksumFaults(LIST, files({ 'a.jar': 'a', 'b.jar': 'x' }))).toEqual([
    expect.stringMatching(/^b\.jar has the checksum [0-9a-f]{64}, not ca97/),
  ]);
  expect(checksumFaults(LIST, files({ 'b.jar': 'a', 'c.jar': 'a' }))).toEqual([
    'a.jar is missing',
    'c.jar is not in the list',
  ]);
});
