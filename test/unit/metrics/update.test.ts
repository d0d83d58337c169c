import { describe, expect, it } from 'vitest';
import { decodeCodes, type MatrixType } from '../../../src/numbers/index.ts';
import type { Matrix, SideQuantities } from '../../../src/linalg/backend.ts';
import { createReferenceBackend } from '../../../src/linalg/reference/index.ts';
import type { LeftOverlap } from '../../../src/linalg/intruders.ts';
import { countIntruders } from '../../../src/metrics/figures/intruders.ts';
import {
  alignmentMetrics,
  angleDegrees,
  updateMetrics,
  wedinBound,
  type UpdateResult,
} from '../../../src/metrics/index.ts';
import { gaussian, gridOfType, matrix, weightLike } from '../matrices.ts';

const backend = createReferenceBackend();
const RANKS = { maskRank: 3, angleRank: 6 };

function variance(values: Float64Array): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
}

async function update(
  [rows, columns]: readonly [number, number],
  base: Float64Array,
  tuned: Float64Array,
  ranks = RANKS,
  type: MatrixType = 'BF16',
): Promise<UpdateResult> {
  const pair = [matrix(rows, columns, type, base), matrix(rows, columns, type, tuned)] as const;
  const grid = gridOfType(type);
  const quantities = await backend.comparePair(...pair, { ...ranks, alpha: 0.3, grid });
  const [w0, w1] = pair.map(({ data }) => decodeCodes(type, data)) as [Float64Array, Float64Array];
  return updateMetrics(quantities, {
    ...ranks,
    rows,
    columns,
    grid,
    hasNull: true,
    baseVariance: variance(w0),
    tunedVariance: variance(w1),
    updateVariance: variance(w1.map((w, i) => w - (w0[i] ?? 0))),
  });
}

/** rank r: products of Gaussian factors */
function lowRank(rows: number, columns: number, rank: number): Float64Array {
  const [a, b] = [gaussian(rows, rank, 1), gaussian(rank, columns, 2)];
  return Float64Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += (a[row * rank + k] ?? 0) * (b[k * columns + column] ?? 0);
    return sum;
  });
}

describe('intruder dimensions', () => {
  const overlap = (...pairs: [number, number][]): LeftOverlap => ({
    largest: Float64Array.from(pairs, ([largest]) => largest),
    nearest: new Uint32Array(pairs.length),
    captured: Float64Array.from(pairs, ([, captured]) => captured),
  });
  it('are vectors that no known direction resembles, if what is unknown cannot either', () => {
    // what is left of 1 would need a cosine of sqrt(0.25) at least
    const found = overlap([0.3, 0.9], [0.49, 0.7501], [0.49, 0.75], [0.5, 0.3], [0.9, 0.95]);
    expect(countIntruders(found, false)).toEqual({ intruders: 2, undetermined: 1 });
    expect(countIntruders(found, true)).toEqual({ intruders: 3, undetermined: 0 });
  });
  it('are a direction that the update brings from outside, and none of what turns within the base', async () => {
    const [rows, columns] = [24, 12];
    const place = (at: (i: number, j: number) => number): Float64Array =>
      Float64Array.from({ length: rows * columns }, (_, x) => at(Math.floor(x / columns), x % columns));
    const base = place((i, j) => (i === j ? 24 - i : 0));
    // row 20 is no left direction of the base: it becomes the first one of the tuned
    const foreign = place((i, j) => (i === j ? 24 - i : i === 20 && j === 0 ? 64 : 0));
    const ranks = { maskRank: 3, angleRank: 10 };
    const found = await update([rows, columns], base, foreign, ranks, 'F32');
    expect(found.metrics).toMatchObject({ intruders: 0, intrudersUndetermined: 1 });
    const all = await update([rows, columns], base, foreign, { maskRank: 3, angleRank: 12 }, 'F32');
    expect(all.metrics).toMatchObject({ intruders: 1, intrudersUndetermined: 0 });
  });
  it('are not counted by fewer vectors than they are counted among', async () => {
    const base = weightLike(24, 16, 1);
    const { metrics, reasons } = await update([24, 16], base, weightLike(24, 16, 2));
    expect(metrics).toMatchObject({ intruders: null, intrudersUndetermined: null });
    expect(reasons.join(' ')).toContain('Only 6 leading vectors were compared');
  });
});

describe('no update', () => {
  it('has shift, angles and norm 0, and no shares, ranks, energies, overlaps', async () => {
    const base = weightLike(24, 16, 1);
    const { metrics, flags, reasons } = await update([24, 16], base, base);
    expect(metrics).toMatchObject({
      nss: 0,
      updateSpectralNorm: 0,
      angleUMax: 0,
      angleUMean: 0,
      angleVMax: 0,
      angleVMean: 0,
    });
    for (const id of [
      'updateStableRank',
      'updateTop1Share',
      'updateEffectiveRank',
      'updateRankRatio',
      'updateOutlierCount',
      'spectralShare',
      'diagonalAmplification',
      'jointEnergy',
      'leftEnergy',
      'rightEnergy',
      'principalOverlap',
      'principalNull',
      'principalNullStep',
      'principalLift',
      'principalZ',
      'principalPosition',
      'principalRange',
    ] as const)
      expect(metrics[id], id).toBeNull();
    expect(metrics).toMatchObject({
      jointEnergyBaseline: 9 / 384,
      leftEnergyBaseline: 3 / 24,
      rightEnergyBaseline: 3 / 16,
    });
    expect(flags).toEqual(['no-update']);
    expect(reasons).toHaveLength(1);
  });
});

describe('a zero base', () => {
  it('has the update’s own figures and none that divides by the base', async () => {
    const { metrics, base, flags } = await update([24, 16], new Float64Array(24 * 16), weightLike(24, 16, 1));
    expect(metrics.updateStableRank).toBeGreaterThan(1);
    for (const id of [
      'nss',
      'angleUMax',
      'jointEnergy',
      'diagonalAmplification',
      'principalOverlap',
      'illDefined',
    ] as const)
      expect(metrics[id], id).toBeNull();
    expect(metrics.zeroShare).toBe(1);
    expect(base.spectralNorm).toBe(0);
    expect(flags).toEqual(['zero-base']);
  });
});

describe('an update whose squares leave float64', () => {
  const [base, noise] = [weightLike(24, 16, 1), gaussian(24, 16, 7)];
  const pair = [base, base.map((w, i) => w + 0.001 * (noise[i] ?? 0))].map((w) => matrix(24, 16, 'F64', w));
  const [w0, w1] = pair as [Matrix, Matrix];
  const variances = { baseVariance: null, tunedVariance: null, updateVariance: null };
  const context = { ...RANKS, ...variances, rows: 24, columns: 16, grid: gridOfType('F64'), hasNull: true };
  const options = { ...RANKS, alpha: 0.3, grid: gridOfType('F64') };
  /** What is homogeneous of degree one: of the same pair times a power of two exactly that many times as much. */
  const times = (size: number, values: Float64Array): Float64Array => values.map((x) => x * size);
  /** The quantities of a side times `size`. */
  const sized = <T extends Pick<SideQuantities, 'energies' | 'diagonal' | 'directions'>>(found: T, size: number): T => {
    const { energies, diagonal, directions } = found;
    const square = size ** 2;
    return {
      ...found,
      energies: energies && {
        joint: energies.joint * square,
        left: energies.left * square,
        right: energies.right * square,
      },
      diagonal: diagonal && times(size, diagonal),
      directions: directions && { left: times(square, directions.left), right: times(square, directions.right) },
    };
  };
  const whole = async (size: number): Promise<UpdateResult> => {
    const found = sized(await backend.comparePair(w0, w1, options), size);
    const { baseValues, tunedValues, updateValues } = found;
    const values = {
      baseValues: times(size, baseValues),
      tunedValues: times(size, tunedValues),
      updateValues: times(size, updateValues),
    };
    return updateMetrics({ ...found, ...values }, context);
  };
  it.each([2 ** -600, 2 ** 600])('has the ratios of the same update at its usual size: %d', async (size) => {
    const [usual, other] = [await whole(1), await whole(size)];
    expect(usual.metrics.updateStableRank).toBeGreaterThan(1);
    for (const id of ['updateStableRank', 'updateTop1Share', 'spectralShare', 'spectralShareBaseline', 'nss'] as const)
      expect(other.metrics[id], id).toBeCloseTo(usual.metrics[id] ?? NaN, 9);
    expect(other.base.stableRank).toBeCloseTo(usual.base.stableRank ?? NaN, 9);
    // These are quotients of such squares.
    for (const id of ['jointEnergy', 'leftEnergyCurve', 'curveRanks', 'diagonalAmplification'] as const) {
      expect(usual.metrics[id], id).not.toBeNull();
      expect(other.metrics[id], id).toBeNull();
    }
    expect(usual.reasons.join()).not.toContain('float64');
    expect(other.reasons.join()).toMatch(/squares .* leave float64/);
  });
  it('has its stable rank from leading triplets too', async () => {
    const size = 2 ** -600;
    const usual = await whole(1);
    const found = sized(await backend.alignPair(w0, w1, options), size);
    const { values } = found.leading;
    const tiny = alignmentMetrics(
      {
        leading: { ...found.leading, values: times(size, values) },
        zeros: found.zeros,
        side: { ...found, updateValue: found.updateValue * size },
      },
      context,
      {
        baseNorm: (usual.base.frobeniusNorm ?? NaN) * size,
        updateNorm: (usual.metrics.updateSpectralNorm ?? NaN) * Math.sqrt(usual.metrics.updateStableRank ?? NaN) * size,
      },
    );
    expect(tiny.metrics.updateStableRank).toBeCloseTo(usual.metrics.updateStableRank ?? NaN, 9);
    expect(tiny.base.stableRank).toBeCloseTo(usual.base.stableRank ?? NaN, 9);
    expect(tiny.metrics.jointEnergy).toBeNull();
  });
});

describe('a base of low rank', () => {
  it('has no angles beyond its rank and says so', async () => {
    const base = lowRank(24, 16, 4);
    const tuned = base.map((w, i) => w + 0.05 * (gaussian(24, 16, 3)[i] ?? 0));
    // float32 keeps rank 4 numerically only in float64: use that
    const beyond = await update([24, 16], base, tuned, { maskRank: 3, angleRank: 5 }, 'F64');
    expect(beyond.metrics).toMatchObject({ angleUMax: null, angleVMean: null });
    expect(beyond.reasons.join()).toMatch(/base matrix has a numerical rank under 5/);
    const within = await update([24, 16], base, tuned, { maskRank: 4, angleRank: 4 }, 'F64');
    expect(within.metrics.angleUMax).toBeGreaterThan(0);
    expect(within.metrics.illDefined).toBe(false);
    const ill = await update([24, 16], base, tuned, { maskRank: 5, angleRank: 4 }, 'F64');
    expect(ill.metrics.illDefined).toBe(true);
    expect(ill.flags).toContain('ill-defined');
  });
});

describe('values that are not finite', () => {
  it('leave the baselines and ranks only', () => {
    const context = { ...RANKS, rows: 24, columns: 16, grid: gridOfType('BF16'), hasNull: true };
    const { metrics, base, flags } = updateMetrics(null, {
      ...context,
      baseVariance: null,
      tunedVariance: null,
      updateVariance: null,
    });
    const { jointEnergyBaseline, leftEnergyBaseline, rightEnergyBaseline, angleRank, maskRank, ...rest } = metrics;
    expect([jointEnergyBaseline, leftEnergyBaseline, rightEnergyBaseline, angleRank, maskRank]).not.toContain(null);
    expect(new Set(Object.values(rest))).toEqual(new Set([null]));
    expect(base.spectralNorm).toBeNull();
    expect(flags).toEqual(['not-finite']);
  });
});

describe('invariants over random updates', () => {
  it.each([
    [40, 24],
    [24, 40],
    [32, 32],
    [2, 50],
    [64, 2],
  ] as const)('hold at %i x %i', async (rows, columns) => {
    const q = Math.min(rows, columns);
    for (const [seed, scale] of [1e-4, 1e-3, 1e-1].entries()) {
      const base = weightLike(rows, columns, seed);
      const noise = gaussian(rows, columns, 100 + seed);
      const ranks = { maskRank: Math.ceil(q / 8), angleRank: Math.floor(q / 2) };
      const { metrics: m } = await update(
        [rows, columns],
        base,
        base.map((w, i) => w + scale * (noise[i] ?? 0)),
        ranks,
      );
      if (m.nss === null || m.spectralShare === null || m.jointEnergy === null) throw new Error('No update.');
      const relativeUpdate = m.nss / m.spectralShare;
      expect(m.nss).toBeLessThanOrEqual(relativeUpdate * (1 + 1e-12));
      expect(m.spectralShare).toBeGreaterThanOrEqual(0);
      expect(m.jointEnergy).toBeLessThanOrEqual(Math.min(m.leftEnergy ?? 0, m.rightEnergy ?? 0) * (1 + 1e-12));
      expect(Math.max(m.leftEnergy ?? 2, m.rightEnergy ?? 2)).toBeLessThanOrEqual(1 + 1e-12);
      for (const prefix of ['principal', 'low', 'principalNotLow'] as const) {
        const [min, max] = m[`${prefix}Range`] ?? [NaN, NaN];
        for (const share of [m[`${prefix}Overlap`], m[`${prefix}Null`], m[`${prefix}NullStep`]]) {
          expect(share).toBeGreaterThanOrEqual(min - 1e-9);
          expect(share).toBeLessThanOrEqual(max + 1e-9);
        }
      }
      // Wedin: the largest angle obeys the bound wherever it says anything
      if (m.wedinBound !== null && m.wedinBound < 1) {
        const largest = Math.sin((Math.max(m.angleUMax ?? 0, m.angleVMax ?? 0) * Math.PI) / 180);
        expect(largest).toBeLessThanOrEqual(m.wedinBound * (1 + 1e-9));
      }
    }
  });

  it('Gaussian noise has isotropic energies and amplification 1', async () => {
    const [rows, columns] = [80, 64];
    const base = weightLike(rows, columns, 3);
    const noise = gaussian(rows, columns, 4);
    const ranks = { maskRank: 32, angleRank: 8 };
    const { metrics: m } = await update(
      [rows, columns],
      base,
      base.map((w, i) => w + 0.1 * (noise[i] ?? 0)),
      ranks,
    );
    expect(m.jointEnergy).toBeCloseTo(m.jointEnergyBaseline, 1.3);
    expect(m.leftEnergy).toBeCloseTo(m.leftEnergyBaseline, 1.3);
    expect(m.rightEnergy).toBeCloseTo(m.rightEnergyBaseline, 1.3);
    expect(Math.abs((m.diagonalAmplification ?? 0) - 1)).toBeLessThan(4 * Math.sqrt(2 / 32));
  });

  it('flags a shift below resolution', async () => {
    const base = weightLike(24, 16, 1);
    const tuned = Float64Array.from(base);
    tuned[5] = (tuned[5] ?? 0) * (1 + 1e-9);
    const { metrics, flags } = await update([24, 16], base, tuned, RANKS, 'F64');
    expect(metrics.nss).toBeLessThan(2e-6);
    expect(metrics.nss).toBeGreaterThan(0);
    expect(flags).toContain('below-resolution');
    // the update is there, but no bf16 code changed: no overlap
    expect(metrics.principalOverlap).toBeNull();
    expect(metrics.jointEnergy).not.toBeNull();
  });
});

describe('principal angles', () => {
  it('come from the sine if it is small and from the cosine if it is large', () => {
    const radians = [1e-9, 0.3, 1.2, Math.PI / 2];
    const degrees = angleDegrees({
      sines: Float64Array.from(radians, Math.sin),
      cosines: Float64Array.from(radians, Math.cos),
    });
    for (const [i, value] of radians.entries()) expect(((degrees[i] ?? 0) * Math.PI) / 180 / value).toBeCloseTo(1, 12);
  });
});

describe('Wedin’s bound', () => {
  it('is vacuous without a gap or from 1 on', () => {
    expect(wedinBound(1, 0)).toEqual({ bound: null, vacuous: true });
    expect(wedinBound(1, -1)).toEqual({ bound: null, vacuous: true });
    expect(wedinBound(1, 1)).toEqual({ bound: 1, vacuous: true });
    expect(wedinBound(1, 4)).toEqual({ bound: 0.25, vacuous: false });
  });
});
