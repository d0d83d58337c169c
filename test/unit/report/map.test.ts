import { describe, expect, it } from 'vitest';
import { mapSvg, type MapCell, type MapOfFigure } from '../../../src/report/map.ts';

const value = (x: number): MapCell => ({ state: 'value', value: x, text: `${x}` });
const given = (cells: readonly (MapCell | null)[], rest: Partial<MapOfFigure> = {}): string =>
  mapSvg({
    ...{ title: 'a map', scale: 'size', write: String },
    layers: cells.map((_, at) => at),
    modules: [{ id: 'm', label: 'q' }],
    cell: (layer) => cells[layer] ?? null,
    ...rest,
  });
/** Class and opacity of the cells of a map, without those of its legend. */
const shades = (svg: string): string[] =>
  [...svg.matchAll(/<\/title><rect [^>]*class="(\w+)"(?: fill-opacity="([\d.]+)")?/g)].map(([, side = '', opacity]) =>
    opacity === undefined ? side : `${side} ${opacity}`,
  );

describe('the map of a report', () => {
  it('goes from the least to the greatest value, logarithmic', () => {
    expect(shades(given([value(0.01), value(0.1), value(1)]))).toEqual(['over 0.1', 'over 0.55', 'over 1']);
    expect(shades(given([value(20), value(20)]))).toEqual(['over 1', 'over 1']);
    expect(shades(given([value(20), value(2000)]))).toEqual(['over 0.1', 'over 1']);
  });
  it('is blank about 1 of a factor, with a hue for each side, and 2 at least is full', () => {
    const factor = { scale: 'factor' } as const;
    expect(shades(given([value(0.25), value(1), value(2), value(4)], factor))).toEqual([
      ...['under 1', 'under 0', 'over 0.5', 'over 1'],
    ]);
    expect(shades(given([value(2 ** 0.1)], factor))).toEqual(['over 0.1']);
    expect(shades(given([value(0)], factor))).toEqual(['under 1']);
  });
  it('draws states as signs, says what they mean, and no cell if nothing was compared', () => {
    const svg = given([{ state: 'same' }, { state: 'nan' }, null, { state: 'none' }, { state: 'failed' }]);
    expect(shades(svg)).toEqual(['none', 'none', 'none', 'none']);
    expect(svg).toContain('= unchanged   ! not finite   – this figure has no value   × could not be compared');
    expect(given([value(1)])).not.toContain('unchanged');
  });
  it('escapes and bounds what it is given', () => {
    const svg = given([value(1)], { modules: [{ id: 'm', label: `<b>"${'x'.repeat(300)}` }], title: '"<i>' });
    expect(svg).not.toMatch(/<b>|<i>|""/);
    expect(svg).toContain('aria-label="&#34;&#60;i&#62;"');
    expect(Number(/width="(\d+)"/.exec(svg)?.[1])).toBeLessThan(700);
  });
  it('numbers as many layers as there is room for', () => {
    const svg = given(Array.from({ length: 200 }, () => value(1)));
    expect([...svg.matchAll(/class="mid">\d+</g)]).toHaveLength(50);
  });
});
