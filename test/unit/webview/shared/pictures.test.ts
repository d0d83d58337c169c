import { describe, expect, it } from 'vitest';
import { SvgContext } from '../../../../webview/shared/canvas-svg.ts';
import { FIGURE_WIDTH, figureSheet, wrap, type FigureContent } from '../../../../webview/shared/figure-sheet.ts';
import { sheet } from '../../../../webview/shared/sheet.ts';
import { tsv } from '../../../../webview/shared/picture.ts';

const measure = (text: string, size: number): number => text.length * size * 0.55;
const style = { background: '#ffffff', foreground: '#111111', quiet: '#555555', rule: '#dddddd', measure };
const content: FigureContent = {
  title: 'base → rl & <co>',
  subtitle: '6 layers',
  answer: ['Three quarters of the weights changed (74.6 %).'],
  cards: [
    {
      title: 'Off-principal alignment, mask view',
      figure: '73.8 %',
      aside: 'As noise; mean of 42',
      bullet: { markup: '<rect class="x"/>', width: 180, height: 16 },
      keys: ['Gaussian null 74.7 %', 'step null 78.1 %'],
      reading: 'No matrix is clear of both rounding nulls, so none counts as off or on the principals.',
    },
  ],
  map: { title: 'Both views', text: 'as factors', drawing: { markup: '<g id="map"/>', width: 1000, height: 200 } },
  footer: 'Definitions: METRICS.md',
};

describe('figureSheet', () => {
  const { markup, width, height } = figureSheet(content, style);
  it('is one document with its own background, fonts that every machine has, and no stylesheet', () => {
    expect(markup).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="1120"/);
    expect(markup).toContain('font-family="system-ui');
    expect(markup).toContain(`<rect width="${FIGURE_WIDTH}" height="${height}" fill="#ffffff"/>`);
    expect(markup).not.toMatch(/var\(|<style|url\(http/);
    expect(width).toBe(FIGURE_WIDTH);
  });
  it('shows each figure with its nulls, and the map below them', () => {
    for (const text of ['73.8 %', 'Gaussian null 74.7 %', 'step null 78.1 %'])
      expect(markup).toContain(`>${text}</text>`);
    const top = (id: string): number =>
      Number(new RegExp(`translate\\([\\d.]+ ([\\d.]+)\\)"><g id="${id}"`).exec(markup)?.[1]);
    expect(top('map')).toBeGreaterThan(100);
    expect(height).toBeGreaterThan(top('map') + 200);
  });
  it('breaks titles that would run into the next card, and keeps the figures of all cards on one line', () => {
    const [card] = content.cards;
    if (!card) throw new Error('no card');
    const five = [card, { ...card, title: 'NSS' }, card, card, card];
    const texts = [
      ...figureSheet({ ...content, cards: five }, style).markup.matchAll(
        /<text x="([\d.]+)" y="([\d.]+)" font-size="(\d+)"[^>]*>([^<]*)</g,
      ),
    ];
    const places = (wanted: string): { x: number; y: number }[] =>
      texts.filter(([, , , , text]) => text === wanted).map(([, x, y]) => ({ x: Number(x), y: Number(y) }));
    const [first, second] = places('73.8 %');
    expect(new Set(places('73.8 %').map(({ y }) => y)).size).toBe(1);
    const step = (second?.x ?? 0) - (first?.x ?? 0);
    expect(step).toBeGreaterThan(100);
    const titles = texts.filter(
      ([markup, , , size, text = '']) => size === '12' && markup.includes('"600"') && card.title.includes(text),
    );
    expect(titles.length).toBeGreaterThan(4);
    for (const [, , , , text = ''] of titles) expect(measure(text, 12)).toBeLessThan(step);
    expect(titles.every(([, , y]) => Number(y) < (first?.y ?? 0))).toBe(true);
  });
  it('takes names from files as text', () => {
    expect(markup).toContain('base → rl &#38; &#60;co&#62;');
  });
  it('wraps words at the width, and leaves a longer word alone', () => {
    expect(wrap('aa bb cc', 3 * 5.5, 10, style)).toEqual(['aa', 'bb', 'cc']);
    expect(wrap('a verylongword b', 30, 10, style)).toEqual(['a', 'verylongword', 'b']);
  });
});

describe('SvgContext', () => {
  const paint = (body: (c: SvgContext) => void): string => {
    const context = new SvgContext('p', () => 10);
    body(context);
    return context.markup;
  };
  it('writes fills, strokes and texts with the colours of the moment', () => {
    const markup = paint((c) => {
      c.fillStyle = 'rgb(10 20 255)';
      c.fillRect(1, 2, 3, 4);
      c.strokeStyle = '#abc';
      c.setLineDash([2, 3]);
      c.strokeRect(0, 0, 5, 5);
      c.setLineDash([]);
      c.font = '600 12px Foo, sans-serif';
      c.textAlign = 'right';
      c.fillText('a<b', 7, 8);
    });
    expect(markup).toContain('<rect x="1" y="2" width="3" height="4" fill="#0a14ff"/>');
    expect(markup).toContain('stroke="#abc" stroke-dasharray="2 3"');
    expect(markup).toContain('font-size="12" font-weight="600" text-anchor="end" fill="#0a14ff">a&#60;b</text>');
  });
  it('closes what save opened, in order, and brings the opacity back', () => {
    const markup = paint((c) => {
      c.save();
      c.beginPath();
      c.rect(0, 0, 4, 4);
      c.clip();
      c.translate(1, 1);
      c.globalAlpha = 0.5;
      c.beginPath();
      c.arc(2, 2, 1);
      c.fill();
      c.restore();
      c.fillRect(0, 0, 1, 1);
    });
    expect(markup.match(/<g /g)).toHaveLength(2);
    expect(markup.match(/<\/g>/g)).toHaveLength(2);
    expect(markup).toMatch(/opacity="0.5"\/><\/g><\/g><rect [^>]*fill="#000"\/>$/);
    expect(markup).toContain('clip-path="url(#p-clip1)"');
  });
});

describe('sheet and tsv', () => {
  it('puts a drawing on a sheet with its title', () => {
    const made = sheet({
      markup: '<g/>',
      width: 100,
      height: 50,
      title: 'a & b',
      background: '#fff',
      foreground: '#000',
    });
    expect(made).toMatchObject({ width: 132, height: 106 });
    expect(made.markup).toContain('<title>a &#38; b</title>');
  });
  it('gives rows for a spreadsheet: all digits, no tab, no line break and no formula in a cell', () => {
    expect(
      tsv([
        ['x', 'a\tb\nc'],
        [0.1 + 0.2, null],
        ['=HYPERLINK("x")', -1],
      ]),
    ).toBe('x\ta\\u{09}b\\u{0A}c\n0.30000000000000004\t\n"\'=HYPERLINK(""x"")"\t-1\n');
  });
});
