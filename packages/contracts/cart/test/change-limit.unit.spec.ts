import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cart, MAX_QUANTITY } from '../src/index.js';

const repository = join(import.meta.dirname, '../../../..');
const run = promisify(execFile);
const VERSION = cart.$about.version;

/**
 * A copy of the repository as far as the check reads it, in which a limit is changed as README's "Change a limit" says.
 */
class Checkout {
  private constructor(private readonly root: string) {}

  static async make(): Promise<Checkout> {
    const root = await mkdtemp(join(tmpdir(), 'stoa-limit-'));
    const files = ['package.json', 'tsconfig.base.json', 'packages/contracts', 'packages/contract-kit'];
    for (const file of files) await cp(join(repository, file), join(root, file), { recursive: true });
    for (const link of ['apps', 'node_modules']) await symlink(join(repository, link), join(root, link));
    // As if today's contract were released: the change is a version further.
    const folder = join(root, 'packages/contracts/cart');
    await mkdir(join(folder, 'released'), { recursive: true });
    await cp(join(folder, 'contract.json'), join(folder, `released/${VERSION}.json`));
    return new Checkout(root);
  }

  async edit(file: string, before: string | RegExp, after: string): Promise<void> {
    const path = join(this.root, 'packages/contracts/cart/src', file);
    const text = await readFile(path, 'utf8');
    const edited = text.replaceAll(before, after);
    if (edited === text) throw new Error(`${file} has no ${String(before)}`);
    await writeFile(path, edited);
  }

  /**
   * Builds the contract, writes its snapshot, and checks all contracts.
   * @returns what the check says, and whether it passes
   */
  async check(): Promise<{ readonly ok: boolean; readonly lines: readonly string[] }> {
    const [tsc, cli] = ['node_modules/.bin/tsc', 'packages/contract-kit/dist/cli.js'].map((file) =>
      join(this.root, file),
    );
    await run(tsc!, ['-p', join(this.root, 'packages/contracts/cart/tsconfig.build.json')]);
    await run(process.execPath, [cli!, 'snapshot']);
    const checked = await run(process.execPath, [cli!, 'check']).catch(
      (error: { stdout: string; stderr: string }) => error,
    );
    const lines = (checked.stdout + checked.stderr).split('\n');
    return { ok: checked.stderr === '', lines: lines.filter((line) => /^ *cart[.:]/.test(line)) };
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true });
  }
}

const changeQuantity = async (checkout: Checkout, limit: number): Promise<void> => {
  await checkout.edit('limits.ts', `MAX_QUANTITY = ${MAX_QUANTITY};`, `MAX_QUANTITY = ${limit};`);
  await checkout.edit('index.ts', `version: ${VERSION},`, `version: ${VERSION + 1},`);
};

describe("the limit of a line's quantity", () => {
  let checkout: Checkout;
  beforeEach(async () => {
    checkout = await Checkout.make();
  });
  afterEach(() => checkout.remove());

  it('is raised at its one place, as a minor change of nothing but inputs', async () => {
    await changeQuantity(checkout, 5_000);
    const older = `clones of version ${VERSION}`;
    const rose = `input /quantity: maximum rose from ${MAX_QUANTITY} to 5000`;
    expect(await checkout.check()).toEqual({
      ok: false,
      lines: ['addItem', 'changeItem'].map(
        (name) =>
          `cart.${name} ${rose}: ${older} would refuse such requests as wrong; raise its \`since\` to ${VERSION + 1}`,
      ),
    });

    const inputs = /(?=input: z\.object\(\{ sku: Sku, quantity: Quantity)/g;
    await checkout.edit('index.ts', inputs, `since: ${VERSION + 1}, `);
    expect(await checkout.check()).toEqual({
      ok: true,
      lines: [
        `cart: version ${VERSION + 1} is compatible, a minor change of version ${VERSION}`,
        `  cart.addItem ${rose}: safe, ${older} refuse such requests as UNSUPPORTED_CONTRACT_VERSION`,
        `  cart.changeItem ${rose}: safe, ${older} refuse such requests as UNSUPPORTED_CONTRACT_VERSION`,
      ],
    });
  });

  it('is not lowered in inputs, because requests that were right would be refused', async () => {
    await changeQuantity(checkout, 99);
    const fell = `input /quantity: maximum fell from ${MAX_QUANTITY} to 99: requests that were right would be refused`;
    expect(await checkout.check()).toEqual({ ok: false, lines: [`cart.addItem ${fell}`, `cart.changeItem ${fell}`] });
  });
});

it('is in no reply or event: clones of one version read what those of another wrote under their own limit', () => {
  const line = { sku: 'MUG', quantity: MAX_QUANTITY + 1 };
  const [customerId, changedAt] = ['0192f0c1-2345-7abc-8def-0123456789ab', '2026-01-01T00:00:00Z'];
  const full = { product: null, title: 'Mug', imageUrl: null, unitPrice: null, total: null, available: false };
  const state = { customerId, version: 1, itemCount: line.quantity, total: null, updatedAt: null };
  for (const { output } of [cart.getCart, cart.addItem, cart.changeItem, cart.removeItem]) {
    expect(output.safeParse({ ...state, lines: [{ ...line, ...full }] }).error).toBeUndefined();
  }
  expect(cart.closeGuestCart.output.safeParse({ lines: [line] }).error).toBeUndefined();
  expect(cart.mergeLines.input.safeParse({ guestId: customerId, lines: [line] }).error).toBeUndefined();
  const event = { customerId, change: 'added', lines: [line], changedAt };
  expect(cart.cartChanged.data.safeParse(event).error).toBeUndefined();
  expect(cart.addItem.input.safeParse(line).success).toBe(false);
});
