import { timelineSvg } from './plot.js';

const seconds = [
  { requests: 100, failed: 0, p99: 20 },
  { requests: 40, failed: 12, p99: 4_000 },
];

describe('the plot of an audit', () => {
  it('shows each second of each panel, and a band for each fault', () => {
    const svg = timelineSvg('A run', seconds, [{ number: 1, fault: 'kill-cart', from: 0.5, to: 1.5 }]);
    expect(svg.match(/<path d="M62 \d+V[^"]+Z"/g)).toHaveLength(3);
    expect(svg).toContain('<title>1 kill-cart</title>');
    // Half of two seconds is a quarter of the width.
    expect(svg).toContain('<rect x="343.5"');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('is whole without a request, and escapes words', () => {
    const svg = timelineSvg('a < b & "c"', [], []);
    expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });
});
