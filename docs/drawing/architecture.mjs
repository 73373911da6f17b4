// Draws docs/architecture.svg: `node docs/drawing/architecture.mjs`. Boxes are as wide as their texts in DejaVu Sans,
// the widest of the fonts that browsers take for sans-serif, so that no text leaves its box with another one.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const WIDTH = 1160;
const INK = '#0f172a';
const FAINT = '#475569';
const LINE_HEIGHT = 17;
const PADDING = 12;

const widths = JSON.parse(readFileSync(path.join(import.meta.dirname, 'widths.json'), 'utf8'));
const WEIGHTS = Object.fromEntries(
  Object.entries(widths).map(([weight, byWidth]) => [
    weight,
    new Map(Object.entries(byWidth).flatMap(([width, characters]) => [...characters].map((one) => [one, Number(width)]))),
  ]),
);

/** Pixels of a line of text. @throws when a character's width is not in widths.json */
export function measure(words, { size = 12, weight = 'regular' } = {}) {
  let thousandths = 0;
  for (const character of words) {
    const width = WEIGHTS[weight].get(character);
    if (width === undefined) throw new Error(`widths.json has no width of "${character}"`);
    thousandths += width;
  }
  return (thousandths * size) / 1000;
}

const KINDS = {
  plain: ['#fff', FAINT],
  clone: ['#eef2ff', '#6366f1'],
  queue: ['#fef3c7', '#d97706'],
  data: ['#ecfdf5', '#059669'],
  mover: ['#fee2e2', '#dc2626'],
};

const escaped = (words) => words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const parts = [];

/** A line of text around `x`, or beginning at it. */
function text(x, y, content, { weight = 'regular', size = 12, anchor = 'middle', color = FAINT } = {}) {
  const bold = weight === 'bold' ? ' font-weight="bold"' : '';
  parts.push(
    `<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" fill="${color}"${bold}>${escaped(content)}</text>`,
  );
}

/**
 * A box with a title and lines of text.
 * @returns its middle and edges
 * @throws when a text is wider than the box
 */
function box(kind, x, y, width, title, lines = [], { copies = 1 } = {}) {
  const [fill, stroke] = KINDS[kind];
  const height = PADDING + LINE_HEIGHT * (lines.length + 1) + 4;
  const needed = Math.max(
    measure(title, { size: 14, weight: 'bold' }),
    ...lines.map((line) => measure(line)),
  );
  if (needed + 2 * PADDING > width)
    throw new Error(`"${title}" needs ${Math.ceil(needed + 2 * PADDING)} pixels and has ${width}`);
  parts.push('<g class="box">');
  for (let copy = copies - 1; copy >= 0; copy -= 1) {
    const at = `x="${x + copy * 6}" y="${y + copy * 6}" width="${width}" height="${height}"`;
    parts.push(`<rect ${at} rx="6" fill="${fill}" stroke="${stroke}" stroke-width="1.5"/>`);
  }
  const middle = x + width / 2;
  text(middle, y + PADDING + 8, title, { weight: 'bold', size: 14, color: INK });
  lines.forEach((line, index) => text(middle, y + PADDING + 8 + LINE_HEIGHT * (index + 1), line));
  parts.push('</g>');
  const shift = (copies - 1) * 6;
  return { middle, left: x, right: x + width + shift, top: y, bottom: y + height + shift, center: y + height / 2 };
}

/** A line with an arrow at its end, or at both. */
const arrow = (from, to, { both = false, dashed = false } = {}) =>
  parts.push(
    `<path d="M${from.join(' ')}L${to.join(' ')}" stroke="${FAINT}" stroke-width="1.5" fill="none" marker-end="url(#a)"` +
      `${both ? ' marker-start="url(#a)"' : ''}${dashed ? ' stroke-dasharray="5 4"' : ''}/>`,
  );

const down = (x, from, to, options) => arrow([x, from.bottom + 2], [x, to.top - 2], options);

/** The number of a way to scale, and its name. */
function way(x, y, number, words) {
  parts.push(`<circle cx="${x}" cy="${y - 4}" r="11" fill="${INK}"/>`);
  text(x, y, String(number), { weight: 'bold', color: '#fff' });
  text(x + 18, y, words, { anchor: 'start', weight: 'bold', color: INK });
}

function draw() {
  const shoppers = box('plain', 480, 16, 200, 'shoppers, operators');
  const balancer = box('plain', 440, 76, 280, 'HAProxy', ['load balancer: active health checks']);
  down(580, shoppers, balancer);
  text(592, 66, 'HTTP', { anchor: 'start' });

  way(52, 150, 1, 'clones: any request to any copy');
  const gateway = box('clone', 420, 160, 320, 'gateway × n', ['routes, validators and documents from', 'contracts that it learns at run time'], { copies: 3 });
  down(520, balancer, gateway);
  down(640, balancer, gateway);
  const sessions = box('data', 130, 172, 190, 'Postgres', ['sessions, keys, audit']);
  const redis = box('data', 850, 172, 160, 'Redis', ['cache, rate limits']);
  arrow([sessions.right + 2, sessions.center], [gateway.left - 2, sessions.center], { both: true });
  arrow([gateway.right + 2, redis.center], [redis.left - 2, redis.center], { both: true });

  const kafka = box('queue', 40, 274, 1080, 'Kafka', [
    '‹service›.commands, keyed by customer · ‹service›.queries · ‹service›.replies.‹clone› · ‹service›.contract',
    '‹service›.events, kept for seven days · ‹service›.states, the last of each key · ‹service›.dead-letters',
  ]);
  down(580, gateway, kafka, { both: true });

  way(776, 368, 2, 'by function: a team each');
  const profile = box('clone', 40, 384, 140, 'profile × n', ['customers,', 'credentials'], { copies: 2 });
  const cart = box('clone', 194, 384, 140, 'cart × n', ['carts, priced', 'from a copy'], { copies: 2 });
  const order = box('clone', 348, 384, 140, 'order × n', ['checkouts,', 'orders, rules'], { copies: 2 });
  const payment = box('clone', 502, 384, 140, 'payment × n', ['payments', 'at a provider'], { copies: 2 });
  const catalog = box('clone', 880, 384, 234, 'catalog × n', ['products, prices, stock,', 'holds, imports'], { copies: 2 });
  const shards = box('clone', 680, 384, 158, 'shards × n', ["operators' work", 'on shards'], { copies: 2 });
  for (const service of [profile, cart, order, payment, shards, catalog]) down(service.middle, kafka, service, { both: true });

  const one = box('data', 880, 520, 240, 'Postgres', ['one database: products,', 'inbox and outbox']);
  down(catalog.middle, catalog, one, { both: true });

  const top = 500;
  parts.push(
    `<rect x="24" y="${top}" width="830" height="252" rx="10" fill="none" stroke="${FAINT}" stroke-dasharray="5 4"/>`,
  );
  way(222, top + 26, 3, 'by customer: 1,024 buckets');
  const map = box('data', 560, 520, 278, 'directory (Postgres)', ['the shard map: bucket → shard,', 'moves and their phases']);
  const first = box('data', 40, 612, 236, 'shard1 (Postgres)', ['buckets 0–511: profiles, carts,', 'orders, payments, inbox, outbox']);
  const second = box('data', 300, 612, 210, 'shard2 (Postgres)', ['buckets 512–767', 'stay here']);
  const third = box('data', 628, 612, 210, 'shard3 (Postgres)', ['buckets 768–1023', 'move here online']);
  const mover = box('mover', 374, 694, 390, 'mover', ['copy → catch up → switch traffic → complete']);
  down(profile.middle, profile, { top: first.top }, { both: true });
  down(200, cart, { top: first.top }, { both: true });
  down(470, order, { top: second.top }, { both: true });
  down(508, payment, { top: second.top }, { both: true });
  down(shards.middle, shards, map, { both: true });
  arrow([second.right + 2, second.center], [third.left - 2, third.center], { dashed: true });
  text((second.right + third.left) / 2, second.center - 8, '256 buckets');

  text(580, 786, "A command's effect, its inbox row and its outbox rows commit in one transaction, on the shard of its customer.");
  arrow([mover.middle, mover.top - 2], [mover.middle, second.center + 5]);
  return 804;
}

const height = draw();
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="DejaVu Sans, Verdana, sans-serif">
<title>Stoa: clones behind a load balancer, services by function, customers' data over shards</title>
<defs><marker id="a" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="${FAINT}"/></marker></defs>
<rect width="${WIDTH}" height="${height}" fill="#f8fafc"/>
${parts.join('\n')}
</svg>
`;
const file = path.join(import.meta.dirname, '../architecture.svg');
if (process.argv[2] === '--print') process.stdout.write(svg);
else writeFileSync(file, svg);
