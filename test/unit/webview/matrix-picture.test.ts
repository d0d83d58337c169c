import { describe, expect, test } from 'vitest';
import { pixelStart as engineStart } from '../../../src/analysis/pictureSums.ts';
import type { Picture } from '../../../src/protocol/matrix.ts';
import {
  coverage,
  lostOf,
  pixelReading,
  scalingOf,
  shownOf,
  spotOf,
} from '../../../webview/shared/matrix-picture/figures.ts';
import { hatchOf } from '../../../webview/shared/matrix-picture/paint.ts';
import {
  pan,
  pixelOf,
  pixelStart,
  rectangleOf,
  reveal,
  wholeOf,
  zoom,
} from '../../../webview/shared/matrix-picture/viewport.ts';
import { Axis, parseIndex } from '../../../webview/inspector/values/scrolling.ts';

const all = { rows: 1000, columns: 300 };
describe('zoom and pan', () => {
  test('the weight under the pointer stays, the matrix is never left', () => {
    const view = zoom(wholeOf(1000, 300), 2, 250, 100, all);
    expect((250 - view.row) / view.rows).toBeCloseTo(0.25);
    expect((100 - view.column) / view.columns).toBeCloseTo(1 / 3);
    expect(pan(view, -1e9, 1e9, all)).toMatchObject({ row: 0, column: 150 });
    expect(zoom(view, 1e-9, 0, 0, all)).toEqual(wholeOf(1000, 300));
    expect(zoom(view, 1e9, 999, 299, all)).toMatchObject({ rows: 6, columns: 6 });
    expect(rectangleOf({ row: 1.5, column: 2, rows: 3, columns: 4 })).toEqual({ rows: [1, 5], columns: [2, 6] });
    expect(reveal({ row: 0, column: 0, rows: 10, columns: 10 }, 15, 3, all)).toMatchObject({ row: 6, column: 0 });
  });
  test('page and engine divide lines among pixels alike', () => {
    for (const [lines, pixels] of [
      [97, 20],
      [53, 53],
      [10, 3],
      [14336, 411],
    ] as const)
      for (let pixel = 0; pixel < pixels; pixel++) {
        expect(pixelStart(pixel, lines, pixels)).toBe(engineStart(pixel, lines, pixels));
        for (let line = engineStart(pixel, lines, pixels); line < engineStart(pixel + 1, lines, pixels); line++)
          expect(pixelOf(line, lines, pixels)).toBe(pixel);
      }
  });
});

const profile = { mean: new Float32Array(2), min: new Float32Array(2), max: new Float32Array(2) };
const picture: Picture = {
  kind: 'values',
  rows: [10, 15],
  columns: [0, 4],
  width: 2,
  height: 2,
  mean: Float32Array.of(1, 2, 3, NaN),
  min: Float32Array.of(-5, 1, 2, NaN),
  max: Float32Array.of(2, 3, 4, NaN),
  notFinite: Uint32Array.of(0, 0, 1, 6),
  rowProfile: profile,
  columnProfile: profile,
  elapsedMs: 1,
};
describe('what is not finite', () => {
  const lost: Picture = {
    ...picture,
    mean: new Float32Array(4).fill(NaN),
    notFinite: Uint32Array.of(4, 4, 6, 6),
  };
  test('is counted, and told apart from a picture of nothing else', () => {
    expect(lostOf(picture)).toEqual({ weights: 7, share: 0.5, isAll: false });
    expect(lostOf(lost)).toEqual({ weights: 20, share: 1, isAll: true });
    expect(lostOf({ ...picture, notFinite: null })).toEqual({ weights: 0, share: 0, isAll: false });
    expect(pixelReading(lost, { x: 0, y: 0, rows: [10, 12], columns: [0, 2] })).toMatch(/none of 4 weights is finite$/);
  });
  test('is crossed out while crosses leave each other room, else hatched', () => {
    expect(hatchOf(lost, 40)).toBeNull();
    expect(hatchOf(lost, 2)).toBe(3);
    expect(hatchOf(lost, 1)).toBe(6);
    const [width, height] = [100, 100];
    const one = { ...picture, width, height, mean: new Float32Array(1e4), notFinite: new Uint32Array(1e4) };
    one.notFinite[77] = 1;
    expect(hatchOf(one, 1)).toBeNull();
  });
});
describe('what a pixel says', () => {
  test('extremes keep the outlier with its sign', () => {
    expect([...shownOf(picture, 'extreme').subarray(0, 3)]).toEqual([-5, 3, 4]);
  });
  test('where it is, how much it covers, what is not finite', () => {
    const spot = spotOf(picture, 12, 1);
    expect(spot).toMatchObject({ rows: [12, 15], columns: [0, 2], x: 0, y: 1 });
    if (!spot) throw new Error('no spot');
    expect(pixelReading(picture, spot)).toBe(
      'rows 12–14, columns 0–1: mean 3, least 2, largest 4, 6 weights, 1 not finite',
    );
    expect(spotOf(picture, 9, 0)).toBeNull();
    expect(coverage(picture)).toBe('a pixel covers 2–3 × 2 weights');
  });
  test('the scale is symmetric, and says what lies beyond it', () => {
    const shown = Float32Array.from({ length: 1000 }, (_, i) => (i === 500 ? -100 : (i % 10) / 10));
    expect(scalingOf('values', shown, true)).toEqual({ scale: { kind: 'div', hi: 100 }, beyond: 0 });
    const clipped = scalingOf('update', shown, false);
    expect(clipped.scale).toMatchObject({ kind: 'div' });
    expect(clipped.beyond).toBe(1);
    expect(scalingOf('changed', new Float32Array(4), false).scale).toEqual({ kind: 'lin', lo: 0, hi: 1 });
  });
});

describe('the grid of values', () => {
  test('a long axis scrolls in proportion and reaches both ends', () => {
    const axis = new Axis(1_000_000_000, 22, 20);
    expect(axis.range).toBeLessThan(10_000_000);
    expect(axis.firstAt(0)).toBe(0);
    expect(axis.firstAt(axis.range)).toBe(axis.last);
    expect(axis.last).toBe(1_000_000_000 - 20);
    const short = new Axis(100, 22, 20);
    expect(short.firstAt(22 * 7)).toBe(7);
    expect(short.reveal(40, 7)).toBe(21);
    expect(short.reveal(3, 7)).toBe(3);
    expect(new Axis(3, 22, 20).firstAt(50)).toBe(0);
  });
  test('an index is read in several spellings, and refused with its limits', () => {
    expect(parseIndex('3, 17', [5, 20])).toEqual([3, 17]);
    expect(parseIndex('[2 -1]', [5, 20])).toEqual([2, 19]);
    expect(parseIndex('1, 2, 3', [2, 5, 20])).toEqual([1, 2, 3]);
    expect(parseIndex('2, 3', [2, 5, 20])).toEqual([2, 3]);
    expect(parseIndex('5, 0', [5, 20])).toBe('0–4, 0–19');
    expect(parseIndex('x', [5])).toBe('0–4');
    expect(parseIndex('1.5', [5])).toBe('0–4');
  });
});
