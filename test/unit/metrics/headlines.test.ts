import { describe, expect, it } from 'vitest';
import { CATALOG } from '../../../src/metrics/catalog.ts';
import { HEADLINES, LARGEST_ANGLE, OFF_ENERGY, OFF_MASK, SHIFT, toldOf } from '../../../src/metrics/headlines.ts';
import type { Figures } from '../../../src/metrics/verdict.ts';

describe('figures in a line', () => {
  it('are means over the matrices that have the value, each reference over the same ones', () => {
    const matrices: Figures[] = [
      { principalOverlap: 0.2, principalNull: 0.3, principalNullStep: 0.4, principalRange: [0.1, 0.5] },
      { principalOverlap: 0.4, principalNull: 0.5, principalNullStep: null, principalRange: [0.3, 0.7] },
      { principalOverlap: null, principalNull: 0.9, principalNullStep: 0.9 },
    ];
    const { value, beside, attainable, twin, count, nulls } = toldOf(OFF_MASK, matrices);
    expect(value).toBeCloseTo(0.7, 12);
    expect(beside[0]).toBeCloseTo(0.6, 12);
    expect(beside[1]).toBeCloseTo(0.6, 12);
    expect(beside[2]).toBeNull();
    expect(attainable?.[0]).toBeCloseTo(0.4, 12);
    expect(attainable?.[1]).toBeCloseTo(0.8, 12);
    expect({ twin, count, nulls }).toEqual({ twin: null, count: 2, nulls: 1 });
  });
  it('are the largest of both sides for angles, null if a side has none', () => {
    const matrices: Figures[] = [
      { angleUMax: 3, angleVMax: 5 },
      { angleUMax: 9, angleVMax: null },
      { angleUMax: 4, angleVMax: 2, twin: { angleUMax: 1, angleVMax: 8 } },
    ];
    expect(toldOf(LARGEST_ANGLE, matrices)).toMatchObject({ value: 5, twin: 8, count: 2, nulls: 1 });
  });
  it('stand beside noise of the same size, turned the same way', () => {
    const matrices: Figures[] = [{ jointEnergy: 0.25, jointEnergyBaseline: 0.0625, twin: { jointEnergy: 0.125 } }];
    expect(toldOf(OFF_ENERGY, matrices)).toMatchObject({ value: 0.75, beside: [0.9375], twin: 0.875 });
    expect(toldOf(SHIFT, [{ nss: 0.1, relativeUpdate: 0.4 }])).toMatchObject({ beside: [0.4], attainable: [0, 0.4] });
  });
  it('are none of no matrix', () => {
    for (const headline of HEADLINES) expect(toldOf(headline, []).value, headline.column).toBeNull();
  });
  it('are not shown beside noise if the two share them by definition', () => {
    const shared = CATALOG.flatMap((figure) => ('sameForNoise' in figure && figure.sameForNoise ? [figure.id] : []));
    expect(shared).toEqual(expect.arrayContaining(['relativeUpdate', 'updateNorm', 'maskRank', 'jointEnergyBaseline']));
    for (const id of ['nss', 'angleUMax', 'updateDensity', 'principalNull']) expect(shared).not.toContain(id);
  });
});
