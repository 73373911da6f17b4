import { createHash, randomBytes } from 'node:crypto';
import { type CommandReply, newId } from '@stoa/messaging';
import { type InboxKey } from '@stoa/messaging/testing';
import { bucketOf } from '@stoa/sharding/testing';

const WORDS = 'organic cotton shirt long sleeves deep ocean blue wooden mug coffee tea oak forest stool lamp rug'.split(
  ' ',
);
const WORDS_A_TITLE = 5;

const hash = (text: string): string => createHash('md5').update(text).digest('hex');

/** A cart as the service replies with it; titles, prices and addresses differ from line to line. */
function cartOf(customerId: string, seed: number, lines: number): string {
  const title = (line: number): string =>
    Array.from({ length: WORDS_A_TITLE }, (_, n) => WORDS[(seed * 7 + line * 13 + n * 5) % WORDS.length]).join(' ');
  const money = (line: number) => ({ amount: 1_000 + ((seed * 31 + line * 97) % 9_000), currency: 'EUR' });
  return JSON.stringify({
    customerId,
    version: 1 + (seed % 9),
    lines: Array.from({ length: lines }, (_, line) => ({
      sku: `SKU-${hash(`${seed} ${line}`).slice(0, 8)}`,
      quantity: 1 + ((seed + line) % 4),
      product: title(line).replaceAll(' ', '-'),
      title: title(line),
      imageUrl: `https://cdn.example.com/files/${hash(`${line} ${seed}`)}.jpg`,
      unitPrice: money(line),
      total: money(line),
      available: true,
    })),
    itemCount: 9,
    total: money(0),
    updatedAt: new Date().toISOString(),
  });
}

/** A command of a customer, and the cart that is its reply. */
export function commandWithReply(seed: number, lines: number): readonly [InboxKey, CommandReply] {
  const key = newId();
  const inbox = { bucket: bucketOf(key), commandId: newId(), key, bodyHash: randomBytes(16) };
  return [inbox, { ok: true, body: cartOf(key, seed, lines) }];
}
