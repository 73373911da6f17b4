import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { KafkaRecord } from '@stoa/kafka';
import { eventually } from '@stoa/testing';
import { expectStatus, newProduct, operatorToken, post, put } from '../support/shop.js';
import { openTestKafka, stateDir } from '../support/servers.js';

/** The files that hold a text, as whoever has the machine's disks could look for it. */
function filesWith(text: string): Promise<string[]> {
  const places = ['data', 'logs', 'run', 'mailbox'].map((name) => path.join(stateDir(), name));
  return new Promise((resolve, reject) => {
    execFile('grep', ['-rlFs', '--', text, ...places], (error, stdout) => {
      // 1: there is none; 2: a file went while it looked, or a place is not there.
      if (error && error.code !== 1 && error.code !== 2) return reject(error);
      return resolve(stdout.split('\n').filter(Boolean));
    });
  });
}

/** As a request that nobody can read leaves one: the last registration, without the topic of its reply. */
async function makeDeadLetter(): Promise<void> {
  const kafka = await openTestKafka('dead-letters');
  const letters = async (): Promise<number> =>
    (await kafka.admin.endOffsets('profile.dead-letters')).reduce((sum, end) => sum + end, 0);
  const found: KafkaRecord[] = [];
  const partitions = (await kafka.admin.endOffsets('profile.commands')).map((_, partition) => partition);
  const follower = await kafka.follow({
    partitions: partitions.map((partition) => ({ topic: 'profile.commands', partition, from: 'beginning' as const })),
    isolation: 'uncommitted',
    onRecords: (records) => void found.push(...records.filter(({ headers }) => headers['op'] === 'register')),
    onFault: () => undefined,
  });
  const { key, value, headers } = await eventually(() => found.at(-1) ?? Promise.reject(new Error('none yet')));
  await follower.close();
  const before = await letters();
  const { reply: _, ...unanswerable } = headers;
  const record = { topic: 'profile.commands', key: key?.toString() ?? null, value, headers: unanswerable };
  await kafka.produce([record], 'all');
  await eventually(async () => expect(await letters()).toBeGreaterThan(before));
  await kafka.close();
}

describe('the inside of the shop', () => {
  it('keeps no password that was sent to it, in no file of any server, nor in a log', async () => {
    const [first, wrong, next, database] = ['first', 'wrong', 'next', 'database'].map(
      (name) => `${name}-${randomUUID()}`,
    );
    const email = `${randomUUID()}@example.com`;
    expectStatus(await post('/v1/customers', { email, password: first, displayName: 'Ada' }), 201);
    expectStatus(await post('/v1/sessions', { email, password: wrong }), 401);
    const { accessToken: token } = expectStatus(await post('/v1/sessions', { email, password: first }), 201).body as {
      accessToken?: string;
    };
    const change = { currentPassword: first, newPassword: next };
    const changed = await put('/v1/me/password', change, { token: token! });
    expect([200, 204]).toContain(changed.status);
    const url = `postgres://stoa:${database}@127.0.0.1:1/cart`;
    const shard = { keyspace: 'cart', shard: 'nowhere', url, adminUrl: url };
    expect((await post('/v1/shards', shard, { token: await operatorToken() })).status).toBeGreaterThanOrEqual(400);
    await makeDeadLetter();
    // It would find them: the e-mail address is no secret, and is there.
    expect(await filesWith(email)).not.toEqual([]);
    for (const secret of [first, wrong, next, database]) expect(await filesWith(secret!)).toEqual([]);
  });

  it('believes no record that says who calls', async () => {
    const operator = await operatorToken();
    const { skus } = await newProduct(operator);
    const sku = skus[0]!;
    const forged = {
      topic: 'catalog.commands',
      key: sku,
      value: JSON.stringify({ sku, price: { amount: 1, currency: 'USD' } }),
      headers: {
        id: randomUUID(),
        op: 'changePrice',
        corr: '1',
        reply: 'gateway.replies.nobody',
        budget: '60000',
        v: '1',
        caller: JSON.stringify({ kind: 'operator', customerId: randomUUID() }),
      },
    };
    const price = (amount: number) =>
      put(`/v1/variants/${sku}/price`, { price: { amount, currency: 'USD' } }, { token: operator });
    const before = expectStatus(await price(1300), 200).body.version;
    const cart = await openTestKafka('cart-9', 'cart');
    await expect(cart.produce([forged], 'all')).rejects.toThrow(/authorization failed|API Metadata/);
    await cart.close();
    // As whoever has the stack's own password could; commands of one key stay in order.
    const admin = await openTestKafka('forger');
    await admin.produce([forged], 'all');
    await admin.close();
    expect(expectStatus(await price(1400), 200).body.version).toBe(before + 1);
  });
});
