import type { Mark, Second } from './timeline.js';

const WIDTH = 1200;
const LEFT = 62;
const RIGHT = 12;
const TOP = 54;
const GAP = 34;
const BOTTOM = 40;
const INK = '#24292f';
const FAINT = '#d0d7de';
const FONT = 'font-family="system-ui, sans-serif" font-size="11"';

/** One of the plots, which are above each other and share their seconds. */
interface Panel {
  readonly title: string;
  readonly height: number;
  readonly color: string;
  readonly values: readonly number[];
  readonly ticks: readonly number[];
  readonly label: (tick: number) => string;
  /** From 0, the bottom, to 1. */
  readonly scale: (value: number) => number;
}

/** Requests, failures and latency by second, the faults marked with their numbers: a complete SVG. */
export function timelineSvg(title: string, seconds: readonly Second[], marks: readonly Mark[]): string {
  const panels = panelsOf(seconds);
  const height = TOP + panels.reduce((sum, panel) => sum + panel.height + GAP, 0) - GAP + BOTTOM;
  const length = Math.max(seconds.length, 1);
  const x = (second: number): number => LEFT + (second / length) * (WIDTH - LEFT - RIGHT);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" ${FONT}>`,
    `<title>${escaped(title)}</title><rect width="100%" height="100%" fill="#fff"/>`,
    text(LEFT, 18, title, 'font-weight="600" font-size="14"'),
    ...marks.map((mark) => markOf(mark, x, height)),
    ...drawn(panels, x),
    ...timeAxis(length, x, height - BOTTOM),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function panelsOf(seconds: readonly Second[]): Panel[] {
  const requests = seconds.map((second) => second.requests);
  const failed = seconds.map((second) => second.failed);
  const p99 = seconds.map((second) => second.p99);
  return [
    { title: 'requests a second', height: 130, color: '#0969da', values: requests, ...linear(requests) },
    { title: 'failed requests a second', height: 80, color: '#cf222e', values: failed, ...linear(failed) },
    { title: 'p99 of responses', height: 130, color: '#8250df', values: p99, ...LOGARITHMIC },
  ];
}

type Scale = Pick<Panel, 'ticks' | 'label' | 'scale'>;

function linear(values: readonly number[]): Scale {
  const largest = Math.max(1, ...values);
  const step = [1, 2, 5].flatMap((n) => [n, n * 10, n * 100, n * 1_000]).toSorted((a, b) => a - b);
  const by = step.find((each) => largest / each <= 4) ?? largest;
  const top = Math.ceil(largest / by) * by;
  const ticks = Array.from({ length: Math.floor(top / by) + 1 }, (_, n) => n * by);
  return { ticks, label: String, scale: (value) => value / top };
}

/** From a millisecond to ten seconds. */
const LOGARITHMIC: Scale = {
  ticks: [1, 10, 100, 1_000, 10_000],
  label: (ms) => (ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`),
  scale: (ms) => Math.min(1, Math.log10(Math.max(1, ms)) / 4),
};

function drawn(panels: readonly Panel[], x: (second: number) => number): string[] {
  let top = TOP;
  return panels.flatMap((panel) => {
    const bottom = top + panel.height;
    const y = (value: number): number => bottom - panel.scale(value) * panel.height;
    top = bottom + GAP;
    return [
      text(LEFT, bottom - panel.height - 6, panel.title, `fill="${panel.color}" font-weight="600"`),
      ...panel.ticks.map((tick) => tickOf(y(tick), panel.label(tick))),
      steps(panel, x, y, bottom),
    ];
  });
}

const tickOf = (y: number, label: string): string =>
  `<path d="M${LEFT} ${round(y)}H${WIDTH - RIGHT}" stroke="${FAINT}" stroke-width="0.5"/>` +
  text(LEFT - 6, y + 4, label, 'text-anchor="end"');

/** A value holds for its whole second. */
function steps(
  { values, color }: Panel,
  x: (n: number) => number,
  y: (value: number) => number,
  bottom: number,
): string {
  const path = values.map((value, n) => `V${round(y(value))}H${round(x(n + 1))}`).join('');
  const from = `M${round(x(0))} ${round(bottom)}`;
  return `<path d="${from}${path}V${round(bottom)}Z" fill="${color}" fill-opacity="0.25" stroke="${color}" stroke-width="1"/>`;
}

/** A band from injection to recovery, with its number in one of two rows, so that neighbours can be distinguished. */
function markOf({ number, fault, from, to }: Mark, x: (second: number) => number, height: number): string {
  const width = Math.max(1.5, x(to) - x(from));
  const label = text(
    x(from) + width / 2,
    number % 2 === 0 ? 32 : 43,
    String(number),
    'text-anchor="middle" font-size="9"',
  );
  const band = `<rect x="${round(x(from))}" y="${TOP}" width="${round(width)}" height="${height - TOP - BOTTOM}" fill="#fb8f44" fill-opacity="0.25"/>`;
  return `<g><title>${number} ${escaped(fault)}</title>${band}${label}</g>`;
}

function timeAxis(length: number, x: (second: number) => number, bottom: number): string[] {
  const by = [10, 30, 60, 120, 300, 600].find((each) => length / each <= 15) ?? 1_800;
  const ticks = Array.from({ length: Math.floor(length / by) + 1 }, (_, n) => n * by);
  const label = (seconds: number): string => (by < 60 ? `${seconds} s` : `${seconds / 60} min`);
  return ticks.map((tick) => text(x(tick), bottom + 16, label(tick), 'text-anchor="middle"'));
}

const text = (x: number, y: number, words: string, more = ''): string =>
  `<text x="${round(x)}" y="${round(y)}" ${more.includes('fill=') ? '' : `fill="${INK}" `}${more}>${escaped(words)}</text>`;

const round = (value: number): string => String(Math.round(value * 10) / 10);

const escaped = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
