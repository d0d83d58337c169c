import { describe, expect, it } from 'vitest';
import type { ClassCounts, PairQuantities } from '../../../src/linalg/backend.ts';
import { attainableRange, positionInRange } from '../../../src/metrics/index.ts';
import { alignmentMetrics } from './masks.ts';
import type { GridSpec } from '../../../src/numbers/index.ts';

const GRID: GridSpec = { grid: 'BF16', onGrid: true };
type Cells = [cell: number, total: number, changed: number][];

function counts(cells: Cells): ClassCounts {
  const result = { total: new Float64Array(512), changed: new Float64Array(512) };
  for (const [cell, total, changed] of cells) {
    result.total[cell] = total;
    result.changed[cell] = changed;
  }
  return result;
}
/** One class of weights, so that the null of each mask is its own fraction. */
function masks(inside: [number, number], all: [number, number]): NonNullable<PairQuantities['masks']> {
  const mask = counts([[240, ...inside]]);
  return { principal: mask, low: counts([[240, 0, 0]]), principalNotLow: mask, all: counts([[240, ...all]]) };
}

describe('alignment', () => {
  it('of weights of one class has the mask’s fraction as both nulls', () => {
    const found = alignmentMetrics(masks([3000, 1000], [10000, 2000]), GRID, true);
    expect(found.principalOverlap).toBe(0.5);
    expect(found.principalNull).toBeCloseTo(0.3, 12);
    expect(found.principalNullStep).toBeCloseTo(0.3, 12);
    expect(found.principalLift).toBeCloseTo(0.5 / 0.3, 12);
    expect(found.principalRange).toEqual([0, 1]);
    expect(found.principalPosition).toBeCloseTo(0.2 / 0.7, 12);
    // P = 0.2 throughout: V_A = 480, V_B = 1120
    expect(found.principalZ).toBeCloseTo((1000 - 600) / Math.sqrt((480 * 1120) / 1600), 9);
  });
  it('of an empty mask has a null of 0, no lift, no z', () => {
    const found = alignmentMetrics(masks([3000, 1000], [10000, 2000]), GRID, true);
    expect(found).toMatchObject({ lowOverlap: 0, lowNull: 0, lowLift: null, lowZ: null });
  });
  it('with every weight changed compares with the mask’s own fraction and has no z and no position', () => {
    const found = alignmentMetrics(masks([3000, 3000], [10000, 10000]), GRID, true);
    expect(found).toMatchObject({ principalOverlap: 0.3, principalNull: 0.3, principalLift: 1, principalZ: null });
    expect(found).toMatchObject({ principalPosition: null, principalPositionStep: null, principalRange: [0.3, 0.3] });
  });
  it('has no z if a variance is under 10', () => {
    const found = alignmentMetrics(masks([30, 10], [10000, 2000]), GRID, true);
    expect(found.principalZ).toBeNull();
    expect(found.principalLift).toBeCloseTo(10 / 2000 / 0.003, 9);
  });
  it('without a null keeps overlap and range', () => {
    const found = alignmentMetrics(masks([3000, 1000], [10000, 2000]), GRID, false);
    expect(found).toMatchObject({
      principalOverlap: 0.5,
      principalRange: [0, 1],
      principalNull: null,
      principalZ: null,
    });
    expect(found).toMatchObject({ principalLift: null, principalPosition: null, principalNullStep: null });
  });
  it('is null if nothing changed', () => {
    const found = alignmentMetrics(masks([3000, 0], [10000, 0]), GRID, true);
    expect(new Set(Object.values(found))).toEqual(new Set([null]));
  });
  it('expects fewer changes of larger weights', () => {
    const principal = counts([[244, 1000, 500]]); // four times the magnitude of cell 240
    const all = counts([
      [240, 1000, 900],
      [244, 1000, 500],
    ]);
    const found = alignmentMetrics({ principal, low: all, principalNotLow: principal, all }, GRID, true);
    expect(found.principalNull).toBeLessThan(0.4);
    expect(found.lowNull).toBeCloseTo(1, 12);
  });
});

describe('the attainable range', () => {
  it('is what density and mask allow', () => {
    expect(attainableRange(300, 100, 1000)).toEqual([0, 1]);
    expect(attainableRange(300, 900, 1000)).toEqual([200 / 900, 300 / 900]);
    expect(attainableRange(300, 1000, 1000)).toEqual([0.3, 0.3]);
  });
});

describe('the position', () => {
  it('runs from -1 to 1 over the room on each side of the null', () => {
    expect(positionInRange(0.6, 0.2, [0.1, 0.6])).toBe(1);
    expect(positionInRange(0.1, 0.2, [0.1, 0.6])).toBe(-1);
    expect(positionInRange(0.2, 0.2, [0.1, 0.6])).toBe(0);
    expect(positionInRange(0.15, 0.2, [0.1, 0.6])).toBeCloseTo(-0.5, 12);
  });
  it('is null without room', () => {
    expect(positionInRange(0.3, 0.3, [0.3, 0.3])).toBeNull();
    expect(positionInRange(0.6, 0.6, [0.1, 0.6])).toBeNull();
  });
});
