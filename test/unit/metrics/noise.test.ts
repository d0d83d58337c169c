/**
 * What the nulls promise: noise that knows nothing of the matrix shows lift 1 and a z within a few units of 0, in every storage, though
 * rounding makes it avoid the large weights. Seeds are fixed, so a failure is a change of the code and not bad luck.
 */
import { describe, expect, it } from 'vitest';
import { decodeCodes, type GridSpec, type MatrixType } from '../../../src/numbers/index.ts';
import { maskHistograms } from '../../../src/linalg/reference/masks.ts';
import { svd } from '../../../src/linalg/reference/svd.ts';
import type { MaskPrefix } from '../../../src/protocol/results.ts';
import { alignmentMetrics, type AlignmentMetrics } from './masks.ts';
import { encode, gridOfType, normal, uniform, weightLike } from '../matrices.ts';

const SIZES = [
  [96, 96],
  [128, 320],
  [300, 64],
] as const;
/** of the weights' typical size 0.03: from few changed codes to nearly all */
const SCALES = [3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 1e-2];
const MASKS: readonly MaskPrefix[] = ['principal', 'low', 'principalNotLow'];

/** A base stored as `type`, its factors, and the alignment of any update of it. */
function setup(rows: number, columns: number, type: MatrixType, seed: number, through: MatrixType = type) {
  // every 97th weight is a stored zero, which any change shows
  const values = weightLike(rows, columns, seed).map((w, i) => (i % 97 === 0 ? 0 : w));
  const base = { rows, columns, data: decodeCodes(type, encode(type, decodeCodes(through, encode(through, values)))) };
  const factors = svd(base);
  const grid: GridSpec = gridOfType(type);
  return (step: () => number): AlignmentMetrics & { changed: number } => {
    const tuned = decodeCodes(
      type,
      encode(
        type,
        base.data.map((w) => w + step()),
      ),
    );
    const options = { maskRank: Math.ceil(Math.min(rows, columns) / 8), alpha: 0.3, grid };
    const masks = maskHistograms(base, { rows, columns, data: tuned }, factors, options);
    const changed = masks.all.changed.reduce((a, b) => a + b, 0);
    return { ...alignmentMetrics(masks, grid, true), changed };
  };
}

/** Lift within 4 standard deviations of 1 (at most those of a Poisson count of the expected hits), z within 4 of 0. */
function expectAsNoise(metrics: AlignmentMetrics & { changed: number }, label: string): { z: number } {
  for (const mask of MASKS) {
    const [overlap, z, lift, reference] = [`Overlap`, `Z`, `Lift`, `Null`].map(
      (id) => metrics[`${mask}${id}` as `${MaskPrefix}Overlap`],
    );
    const [min, max] = metrics[`${mask}Range`] ?? [NaN, NaN];
    expect(overlap, label).toBeGreaterThanOrEqual(min - 1e-12);
    expect(overlap, label).toBeLessThanOrEqual(max + 1e-12);
    const expectedHits = (reference ?? NaN) * metrics.changed;
    expect(Math.abs((lift ?? NaN) - 1), `${label} ${mask} lift`).toBeLessThan(4 / Math.sqrt(expectedHits));
    if (z != null) expect(Math.abs(z), `${label} ${mask} z`).toBeLessThan(4);
  }
  return { z: metrics.principalZ ?? 0 };
}

describe.each(['BF16', 'F16', 'F32'] as const)('i.i.d. Gaussian noise in %s', (type) => {
  it.each(SIZES)('has lift 1 and |z| < 4 at %i x %i', (rows, columns) => {
    const alignmentOf = setup(rows, columns, type, rows + columns);
    const found: number[] = [];
    for (const [i, scale] of SCALES.entries()) {
      const next = normal(1000 * rows + i);
      found.push(
        expectAsNoise(
          alignmentOf(() => scale * next()),
          `${type} ${rows} x ${columns}, ${scale}`,
        ).z,
      );
    }
    // not only bounded: the z of independent noises scatter about 0
    expect(Math.abs(found.reduce((a, b) => a + b, 0)) / Math.sqrt(found.length)).toBeLessThan(4);
  });
});

describe('noise on weights that were stored in bf16 and kept in float32', () => {
  it('has lift 1 and |z| < 4 though every weight lies in the middle of its cell', () => {
    const alignmentOf = setup(128, 256, 'F32', 5, 'BF16');
    for (const [i, scale] of [3e-5, 1e-4, 1e-3].entries()) {
      const next = normal(50 + i);
      expectAsNoise(
        alignmentOf(() => scale * next()),
        `bf16 in f32, ${scale}`,
      );
    }
  });
});

describe.each(['BF16', 'F16', 'F32'] as const)('steps of one size with random signs in %s', (type) => {
  it.each(SIZES)('agree with the step null at %i x %i', (rows, columns) => {
    const alignmentOf = setup(rows, columns, type, rows + columns);
    for (const [i, size] of [2e-5, 7e-5, 2e-4].entries()) {
      const scale = type === 'F16' ? size / 8 : size; // f16 cells are an eighth of bf16's
      const next = uniform(7 * rows + i);
      const metrics = alignmentOf(() => (next() < 0.5 ? -scale : scale));
      expect(metrics.changed).toBeGreaterThan(50);
      expect(Math.abs(metrics.principalPositionStep ?? NaN)).toBeLessThan(0.15);
      for (const mask of MASKS) {
        const label = `${type} ${rows} x ${columns}, ${scale}, ${mask}`;
        const excess = (metrics[`${mask}Overlap`] ?? NaN) - (metrics[`${mask}NullStep`] ?? NaN);
        // four times the greatest standard deviation of a binomial share
        expect(Math.abs(excess), label).toBeLessThan(2 / Math.sqrt(metrics.changed));
      }
    }
  });

  it('does not take them for noise of many sizes', () => {
    const next = uniform(3);
    const size = type === 'F16' ? 1e-5 : 1e-4;
    const metrics = setup(128, 320, type, 448)(() => (next() < 0.5 ? -size : size));
    expect(Math.abs(metrics.principalPosition ?? 0)).toBeGreaterThan(3 * Math.abs(metrics.principalPositionStep ?? 1));
  });
});

describe('an update that does follow or avoid the large weights', () => {
  it('is told from noise', () => {
    const [rows, columns] = [128, 256];
    const values = decodeCodes('BF16', encode('BF16', weightLike(rows, columns, 9)));
    const next = normal(4);
    const factors = svd({ rows, columns, data: values });
    const alignmentOf = (update: (w: number) => number): AlignmentMetrics => {
      const tuned = decodeCodes(
        'BF16',
        encode(
          'BF16',
          values.map((w) => w + update(w)),
        ),
      );
      const options = { maskRank: 16, alpha: 0.3, grid: gridOfType('BF16') };
      const pair = [
        { rows, columns, data: values },
        { rows, columns, data: tuned },
      ] as const;
      return alignmentMetrics(maskHistograms(...pair, factors, options), options.grid, true);
    };
    const toward = alignmentOf((w) => 0.01 * w * next());
    expect(toward.principalLift).toBeGreaterThan(1.2);
    expect(toward.principalZ).toBeGreaterThan(4);
    const away = alignmentOf((w) => (Math.abs(w) < 0.02 ? 1e-4 * next() : 0));
    expect(away.principalLift).toBeLessThan(0.8);
    expect(away.principalZ).toBeLessThan(-4);
  });
});
