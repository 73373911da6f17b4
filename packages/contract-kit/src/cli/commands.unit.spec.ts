import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { check, release, snapshot } from './commands.js';

let root: string;
let made = 0;

/** A contract package as the build leaves it, with the body of one command. */
async function write(name: string, version: number, rules: string): Promise<void> {
  const folder = join(root, 'packages/contracts', name);
  await mkdir(join(folder, 'dist'), { recursive: true });
  await writeFile(join(folder, 'package.json'), `{"name":"@stoa/${name}-contract","type":"module"}`);
  const kit = pathToFileURL(join(import.meta.dirname, '../../dist/index.js')).href;
  const zod = import.meta.resolve('zod');
  // A new name for each version: Node keeps modules that it has imported.
  made += 1;
  await writeFile(
    join(folder, 'dist', `contract-${made}.js`),
    `import { command, event, service } from '${kit}';
     import { z } from '${zod}';
     export const it = service('${name}', { version: ${version}, title: 'It', description: 'It' }, {
       put: command({ summary: 'Put', caller: 'anyone', key: 'command.id', ${rules} }),
     });`,
  );
  await writeFile(join(folder, 'dist/index.js'), `export * from './contract-${made}.js';`);
}
const rulesWith = (max: number, http = 'POST /v1/things'): string =>
  `http: '${http}', input: z.object({ quantity: z.int().max(${max}) }), output: z.object({})`;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'stoa-contracts-'));
});
afterEach(() => rm(root, { recursive: true }));

it('asks for a snapshot that is missing', async () => {
  await write('cart', 1, rulesWith(999));
  expect(await check(root)).toEqual({
    ok: false,
    lines: ['cart: contract.json is missing: run "npm run contracts -- snapshot"'],
  });
});

it('accepts a snapshot that is right', async () => {
  await write('cart', 1, rulesWith(999));
  expect(await snapshot(root)).toEqual({ ok: true, lines: ['cart: version 1, written'] });
  expect(await check(root)).toEqual({ ok: true, lines: ['cart: version 1 is compatible'] });
  expect(await release(root)).toEqual({ ok: true, lines: ['cart: version 1 released'] });
  expect(await release(root)).toEqual({ ok: true, lines: ['every contract is released already'] });
  const [now, then] = ['contract.json', 'released/1.json'].map((file) => join(root, 'packages/contracts/cart', file));
  expect(await readFile(String(now), 'utf8')).toBe(await readFile(String(then), 'utf8'));
});

it('refuses a snapshot that is stale', async () => {
  await write('cart', 1, rulesWith(999));
  await snapshot(root);
  const file = join(root, 'packages/contracts/cart/contract.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace('999', '998'));
  expect(await check(root)).toEqual({
    ok: false,
    lines: ['cart: contract.json is not what the contract says: run "npm run contracts -- snapshot"'],
  });
});

it('refuses what would break users of the released version, and does not release it', async () => {
  await write('cart', 1, rulesWith(999));
  await snapshot(root);
  await release(root);
  const released = await readFile(join(root, 'packages/contracts/cart/released/1.json'), 'utf8');
  await rm(root, { recursive: true });
  root = await mkdtemp(join(tmpdir(), 'stoa-contracts-'));
  await write('cart', 2, rulesWith(99));
  await mkdir(join(root, 'packages/contracts/cart/released'));
  await writeFile(join(root, 'packages/contracts/cart/released/1.json'), released);
  await snapshot(root);
  const refused = {
    ok: false,
    lines: ['cart.put input /quantity: maximum fell from 999 to 99: requests that were right would be refused'],
  };
  expect(await check(root)).toEqual(refused);
  expect(await release(root)).toEqual(refused);
});

it('refuses a package that is not built or holds no contract', async () => {
  const folder = join(root, 'packages/contracts/cart');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await expect(check(root)).rejects.toThrow('is not built');
  await mkdir(join(folder, 'dist'));
  await writeFile(join(folder, 'dist/index.js'), 'export const nothing = {};');
  await expect(check(root)).rejects.toThrow('exports no contract');
});

it('refuses the route of another service', async () => {
  await write('cart', 1, rulesWith(999, 'PUT /v1/things'));
  await write('basket', 1, rulesWith(999, 'PUT /v1/things'));
  await snapshot(root);
  expect((await check(root)).lines).toEqual([
    'basket.put (PUT /v1/things) and cart.put (PUT /v1/things) have the same route',
  ]);
});

describe('a change that is compatible', () => {
  /** The thing with an operation and an event, which a shop's package uses. */
  const writeThings = (version: number, bound: string, since = 1): Promise<void> =>
    write(
      'things',
      version,
      `since: ${since}, http: 'POST /v1/things', input: z.object({ quantity: z.int()${bound} }), output: z.object({}) }),
       moved: event({ summary: 'It', key: 'id', data: z.object({ id: z.string()${version === 1 ? '.max(5)' : ''} })`,
    );

  beforeEach(async () => {
    const shop = join(root, 'apps/shop');
    await mkdir(join(shop, 'src'), { recursive: true });
    const manifest = { name: '@stoa/shop', dependencies: { '@stoa/things-contract': '0.1.0' } };
    await writeFile(join(root, 'package.json'), JSON.stringify({ workspaces: ['apps/*', 'packages/contracts/*'] }));
    await writeFile(join(shop, 'package.json'), JSON.stringify(manifest));
    await writeFile(
      join(shop, 'src/shop.module.ts'),
      `import { it as things, other } from '@stoa/things-contract';
       const subscriptions = [onEvent(things.moved, Moving)];
       publish(things.moved, 1, {} satisfies DataOf<typeof things.moved>);`,
    );
    await writeFile(
      join(shop, 'src/typed.ts'),
      `import type { it } from '@stoa/things-contract'; type Put = typeof it.put;`,
    );
  });

  it('is said to be minor, with what consumers must tolerate and who they are', async () => {
    await writeThings(1, '.max(9)');
    await snapshot(root);
    const released = await readFile(join(root, 'packages/contracts/things/contract.json'), 'utf8');
    await mkdir(join(root, 'packages/contracts/things/released'));
    await writeFile(join(root, 'packages/contracts/things/released/1.json'), released);
    const files = ['package.json', 'apps'];
    const fresh = await mkdtemp(join(tmpdir(), 'stoa-contracts-'));
    for (const file of [...files, 'packages/contracts/things/released']) {
      await cp(join(root, file), join(fresh, file), { recursive: true });
    }
    await rm(root, { recursive: true });
    root = fresh;
    await writeThings(2, '', 2);
    await snapshot(root);
    expect(await check(root)).toEqual({
      ok: true,
      lines: [
        'things: version 2 is compatible, a minor change of version 1',
        `  things.put input /quantity: maximum rose from 9 to ${Number.MAX_SAFE_INTEGER}: safe, clones of version 1 refuse such \
requests as UNSUPPORTED_CONTRACT_VERSION`,
        '  things.moved data /id: maxLength 5 was dropped: consumers of version 1 must tolerate it (@stoa/shop: src/shop.module.ts)',
      ],
    });
  });

  it('is refused with an upper limit in what consumers read', async () => {
    await writeThings(1, '.max(9)');
    await snapshot(root);
    expect((await check(root)).lines).toEqual([
      'things.moved data /id: maxLength 5 could never be changed: declare it withoutLimits(…), and keep the limit in inputs and in the domain',
    ]);
  });
});
