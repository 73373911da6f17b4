import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const svg = readFileSync('docs/architecture.svg', 'utf8');
const widths = JSON.parse(readFileSync('docs/drawing/widths.json', 'utf8')) as Record<string, Record<string, string>>;

interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const attribute = (tag: string, name: string): number => Number(new RegExp(` ${name}="([\\d.]+)"`).exec(tag)?.[1]);

function areaOfBox(tag: string): Area {
  const [left, top] = [attribute(tag, 'x'), attribute(tag, 'y')];
  return { left, top, right: left + attribute(tag, 'width'), bottom: top + attribute(tag, 'height') };
}

function widthOf(text: string, weight: string): number {
  const known = Object.entries(widths[weight] ?? {});
  const thousandths = [...text].map((one) => Number(known.find(([, characters]) => characters.includes(one))?.[0]));
  return thousandths.reduce((sum, width) => sum + width, 0) / 1_000;
}

function areaOfText(tag: string): Area {
  const [, words = ''] = />([^<]*)<\/text>/.exec(tag) ?? [];
  const size = attribute(tag, 'font-size');
  const width = widthOf(words.replaceAll('&amp;', '&'), tag.includes('font-weight="bold"') ? 'bold' : 'regular') * size;
  const [x, y] = [attribute(tag, 'x'), attribute(tag, 'y')];
  const left = tag.includes('text-anchor="start"') ? x : x - width / 2;
  return { left, right: left + width, top: y - size, bottom: y + size / 4 };
}

const boxes = [...svg.matchAll(/<g class="box">(.*?)<\/g>/gs)].map(([, content = '']) => ({
  // The copies behind a box are drawn before it.
  area: areaOfBox(content.match(/<rect [^>]*>/g)?.at(-1) ?? ''),
  texts: (content.match(/<text .*?<\/text>/g) ?? []).map(areaOfText),
}));

const overlap = (one: Area, other: Area): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;

describe('the drawing of the architecture', () => {
  it('is as its program draws it', () => {
    const { stdout } = spawnSync(process.execPath, ['docs/drawing/architecture.mjs', '--print'], { encoding: 'utf8' });
    expect(stdout).toBe(svg);
  });

  it('keeps each text inside of its box', () => {
    expect(boxes.length).toBeGreaterThan(10);
    for (const { area, texts } of boxes) {
      for (const text of texts) {
        expect(text.left).toBeGreaterThanOrEqual(area.left);
        expect(text.right).toBeLessThanOrEqual(area.right);
        expect(text.top).toBeGreaterThanOrEqual(area.top);
        expect(text.bottom).toBeLessThanOrEqual(area.bottom);
      }
    }
  });

  it('draws no box over another, and no text over a box that is not its own', () => {
    const inBoxes = new Set(boxes.flatMap(({ texts }) => texts.map((area) => JSON.stringify(area))));
    const others = (svg.match(/<text .*?<\/text>/g) ?? [])
      .map(areaOfText)
      .filter((area) => !inBoxes.has(JSON.stringify(area)));
    expect(others.length).toBeGreaterThan(3);
    for (const [index, { area }] of boxes.entries()) {
      for (const other of boxes.slice(index + 1)) expect(overlap(area, other.area)).toBe(false);
      for (const text of others) expect(overlap(area, text)).toBe(false);
    }
  });

  it.each(['clones', 'by function', 'by customer', 'buckets', 'mover', 'directory'])('names %s', (word) => {
    expect(svg).toContain(word);
  });
});
