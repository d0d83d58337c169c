/** METRICS' tolerances on the raw quantities that a backend gives, against those of the float64 reference. */
import { expect } from 'vitest';
import type { PairQuantities, SideQuantities } from '../../../src/linalg/backend.ts';
import { COSINE_ERROR, TURN_ERROR } from '../../../src/linalg/webgpu/doubt.ts';
import type { PairCase } from './wasmCases.ts';

const norm = (values: Float64Array): number => Math.hypot(...values);
export const close = (actual: number, expected: number, absolute: number, relative: number, what: string): void => {
  const error = Math.abs(actual - expected);
  // a call of expect for each of a million numbers would take longer than the kernels
  if (!(error <= absolute + relative * Math.abs(expected))) expect.fail(`${what}: ${actual} for ${expected}`);
};

/** METRICS' tolerances, on the quantities they are made from; of the other tuned sides too, if there are some. */
export function expectSame(actual: PairQuantities, expected: PairQuantities, item: PairCase): void {
  expectValues(actual.baseValues, expected.baseValues, 'baseValues');
  expect(actual.zeros).toBe(expected.zeros);
  expectSameSide(actual, expected, [actual.baseValues, expected.baseValues], item);
  expect(actual.others?.length).toBe(expected.others?.length);
  for (const [i, side] of (expected.others ?? []).entries())
    expectSameSide(actual.others?.[i] as SideQuantities, side, [actual.baseValues, expected.baseValues], item);
}

/** norm_F(A'B)^2 / K of two sets of K orthonormal columns: 1 if they span one subspace. */
function overlap(one: ArrayLike<number>, other: ArrayLike<number>, rank: number): number {
  let sum = 0;
  for (let i = 0; i < rank; i++)
    for (let j = 0; j < rank; j++) {
      let inner = 0;
      for (let row = 0; row < one.length; row += rank) inner += (one[row + i] as number) * (other[row + j] as number);
      sum += inner * inner;
    }
  return sum / rank;
}

function expectValues(actual: Float64Array, want: Float64Array, what: string): void {
  expect(actual.length).toBe(want.length);
  want.forEach((s, i) => close(actual[i] ?? NaN, s, 1e-6 * (want[0] ?? 0), 0, `${what}[${i}]`));
}

/** Over s_1. */
function gapBeside(values: Float64Array, i: number): number {
  const [above = Infinity, here = 0, below = 0] = [values[i - 1], values[i], values[i + 1]];
  return Math.min(above - here, here - below) / (values[0] ?? 0);
}

function expectSameSide(
  actual: SideQuantities,
  expected: SideQuantities,
  [actualBase, expectedBase]: [Float64Array, Float64Array],
  { determined, columns }: PairCase,
): void {
  for (const side of ['tunedValues', 'updateValues'] as const) expectValues(actual[side], expected[side], side);
  const shift = (q: SideQuantities, base: Float64Array): number =>
    norm(q.tunedValues.map((s, i) => s - (base[i] ?? 0))) / norm(base);
  const wanted = shift(expected, expectedBase);
  if (expectedBase[0] !== 0 && wanted >= 2e-6) close(shift(actual, actualBase), wanted, 0, 0.01, 'nss');
  for (const side of ['anglesU', 'anglesV'] as const) {
    const want = expected[side];
    const got = actual[side];
    expect(got === null, side).toBe(want === null);
    if (!want || !got) continue;
    const radians = (angles: NonNullable<PairQuantities['anglesU']>): Float64Array =>
      angles.sines.map((sine, i) =>
        sine < Math.SQRT1_2 ? Math.asin(sine) : Math.acos(Math.min(1, angles.cosines[i] ?? NaN)),
      );
    const wanted = radians(want);
    expect(got.sines.length).toBe(wanted.length);
    if (determined) radians(got).forEach((angle, i) => close(angle, wanted[i] ?? NaN, 3.5e-5, 0.01, `${side}[${i}]`));
  }
  expect(actual.leftOverlap === null).toBe(expected.leftOverlap === null);
  if (actual.leftOverlap && expected.leftOverlap) {
    const [got, want] = [actual.leftOverlap, expected.leftOverlap];
    for (const part of ['largest', 'captured', 'nearest'] as const) expect(got[part].length).toBe(want[part].length);
    // What the GPU relies on where it tells whether a cosine lies on the other side of the limit: a vector is as good as the gap beside
    // its value.
    for (const [j, largest] of want.largest.entries()) {
      const own = COSINE_ERROR + TURN_ERROR / gapBeside(expected.tunedValues, j);
      const nearest = want.nearest[j] ?? NaN;
      const error = own + TURN_ERROR / gapBeside(expectedBase, nearest);
      if (!determined || error > 0.1) continue;
      close(got.largest[j] ?? NaN, largest, error, 0, `largest[${j}]`);
      const captured = want.captured[j] ?? NaN;
      close(got.captured[j] ?? NaN, captured, 2 * own, 0, `captured[${j}]`);
      // None of the others is greater than the root of what they capture together.
      if (largest - Math.sqrt(Math.max(0, captured - largest ** 2)) > 2 * error)
        expect(got.nearest[j], `nearest[${j}]`).toBe(nearest);
    }
  }
  expect(actual.energies === null).toBe(expected.energies === null);
  expect(actual.masks === null).toBe(expected.masks === null);
  const updateSquared = norm(expected.updateValues) ** 2;
  for (const part of ['joint', 'left', 'right'] as const) {
    const got = actual.energies?.[part] ?? 0;
    if (determined) close(got, expected.energies?.[part] ?? 0, 1e-13 * updateSquared, 1e-4, part);
    expect(got).toBeLessThanOrEqual(updateSquared * (1 + 1e-9));
  }
  if (determined)
    expected.diagonal?.forEach((x, i) =>
      close(
        Math.abs(actual.diagonal?.[i] ?? NaN),
        Math.abs(x),
        1e-7 * Math.sqrt(updateSquared),
        1e-4,
        `diagonal[${i}]`,
      ),
    );
  expect(actual.updateRight === null).toBe(expected.updateRight === null);
  expect(actual.updateRight?.length).toBe(expected.updateRight?.length);
  if (actual.updateRight && expected.updateRight) {
    const rank = actual.updateRight.length / columns;
    close(overlap(actual.updateRight, expected.updateRight, rank), 1, 0, 1e-5, 'updateRight');
  }
  expect(actual.directions === null).toBe(expected.directions === null);
  for (const side of ['left', 'right'] as const) {
    const [got, want] = [actual.directions?.[side], expected.directions?.[side]];
    if (!got || !want) continue;
    expect(got.length).toBe(want.length);
    const within = (values: Float64Array, j: number): number => values.subarray(0, j).reduce((a, b) => a + b, 0);
    if (determined)
      for (let j = 1; j < 2 * want.length; j *= 2)
        close(within(got, j), within(want, j), 1e-9 * updateSquared, 1e-4, `${side} within ${j} directions`);
  }
  for (const mask of ['principal', 'low', 'principalNotLow', 'all'] as const)
    for (const kind of ['total', 'changed'] as const) {
      const want = expected.masks?.[mask][kind];
      const got = actual.masks?.[mask][kind];
      if (!want || !got) continue;
      const apart = want.reduce((sum, n, i) => sum + Math.abs(n - (got[i] ?? NaN)), 0);
      if (mask === 'low' || mask === 'all') expect(apart, `${mask} ${kind}`).toBe(0);
      else if (determined) expect(apart, `${mask} ${kind}`).toBeLessThanOrEqual(4);
    }
}
