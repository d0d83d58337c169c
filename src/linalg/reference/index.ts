/**
 * The reference backend: plain float64 TypeScript on the calling thread, written to be read. It defines what the fast backends must
 * reproduce; about a second for a pair of 256 x 256.
 */
import { decodeCodes, encodeCodes, Grid, type GridName, type MatrixType } from '../../numbers/index.ts';
import { OffaxisError, throwIfAborted } from '../../protocol/errors.ts';
import type {
  AlignedSide,
  AlignmentOptions,
  AlignmentQuantities,
  DirectionEnergies,
  LinearAlgebraBackend,
  Matrix,
  NoiseOptions,
  PairOptions,
  PairQuantities,
  SideQuantities,
  SingleOptions,
} from '../backend.ts';
import { leftOverlap } from '../intruders.ts';
import { fitNoise, noiseOf } from '../noise.ts';
import { apply, dot, inner, stack, transpose, type Dense } from './dense.ts';
import { maskHistograms } from './masks.ts';
import { singularValues, svd, type Svd } from './svd.ts';

/** Float64 copies of a matrix that comparePair holds at its peak, for both sides together. */
const PEAK_COPIES = 16;

export function createReferenceBackend(): LinearAlgebraBackend {
  return {
    info: { kind: 'reference', name: 'Reference (TypeScript)', precision: 'float64', threads: 1 },
    parallelism: 1,
    elements: null,
    singularValues: (matrix: Matrix, { signal }: SingleOptions) => settle(() => singularValues(decode(matrix), signal)),
    comparePair: (base: Matrix, tuned: Matrix, options: PairOptions) => settle(() => compare(base, tuned, options)),
    alignPair: (base: Matrix, tuned: Matrix, options: AlignmentOptions) => settle(() => align(base, tuned, options)),
    noiseTwin: (base: Matrix, options: NoiseOptions) => settle(() => noiseTwin(base, options)),
    peakBytes: ({ rows, columns, sides }) => (PEAK_COPIES + 4 * (sides - 1)) * 8 * rows * columns,
    dispose: () => Promise.resolve(),
  };
}

/** The work starts after the caller's own turn, and its errors become rejections. */
async function settle<T>(work: () => T): Promise<T> {
  await Promise.resolve();
  return work();
}

function decode({ rows, columns, type, data }: Matrix): Dense {
  const values = decodeCodes(type, data);
  if (values.length !== rows * columns)
    throw new OffaxisError('bug', `A ${rows} x ${columns} matrix came with ${values.length} values.`);
  return { rows, columns, data: values };
}

function compare(base: Matrix, tuned: Matrix, options: PairOptions): PairQuantities {
  const w0 = decode(base);
  const factors = svd(w0, options.signal);
  const zeros = w0.data.reduce((count, value) => (value === 0 ? count + 1 : count), 0);
  const side = (matrix: Matrix): SideQuantities => sideOf(w0, factors, decode(matrix), options);
  return {
    baseValues: factors.values,
    zeros,
    ...side(tuned),
    ...(options.others?.length ? { others: options.others.map(side) } : {}),
  };
}

function sideOf(w0: Dense, factors: Svd, w1: Dense, options: PairOptions): SideQuantities {
  const { maskRank, angleRank, signal } = options;
  const { rows, columns } = w0;
  const update = differenceOf(w0, w1);
  const tunedFactors = svd(w1, signal);
  const { values: updateValues, right: updateRight } = updateFactors(update, options);
  throwIfAborted(signal);
  const isZero = factors.values[0] === 0;
  const directed = hasRank(factors, angleRank, rows, columns);
  const angles = updateValues[0] !== 0 && directed && hasRank(tunedFactors, angleRank, rows, columns);
  const [left, tunedLeft] = [factors.left.slice(0, angleRank), tunedFactors.left.slice(0, angleRank)];
  return {
    tunedValues: tunedFactors.values,
    updateValues,
    anglesU: angles ? principalAngles(left, tunedLeft, signal) : null,
    leftOverlap: angles ? leftOverlap(inner(left, tunedLeft).data, angleRank, angleRank) : null,
    anglesV: angles
      ? principalAngles(factors.right.slice(0, angleRank), tunedFactors.right.slice(0, angleRank), signal)
      : null,
    ...(isZero ? { energies: null, diagonal: null } : projections(update, factors, maskRank)),
    ...(updateRight === undefined ? {} : { updateRight }),
    directions: directed ? directionEnergies(update, factors, angleRank) : null,
    masks: isZero ? null : maskHistograms(w0, w1, factors, options),
  };
}

/** The same quantities as `compare`, from the whole spectrum as there: nothing is saved here. `leading` of the options is not looked at. */
function align(base: Matrix, tuned: Matrix, options: AlignmentOptions): AlignmentQuantities {
  const { maskRank: r } = options;
  const w0 = decode(base);
  const factors = svd(w0, options.signal);
  const { rows, columns } = w0;
  const values = new Float64Array(r + 1);
  values.set(factors.values.subarray(0, r + 1));
  const [small, large] = rows >= columns ? [factors.right, factors.left] : [factors.left, factors.right];
  const interleaved = (vectors: readonly Float64Array[], factor: (i: number) => number): Float64Array => {
    const result = new Float64Array((vectors[0]?.length ?? 0) * r);
    for (const [i, vector] of vectors.slice(0, r).entries())
      for (const [j, value] of vector.entries()) result[j * r + i] = value * factor(i);
    return result;
  };
  const side = (matrix: Matrix): AlignedSide => alignedSide(w0, factors, decode(matrix), options);
  return {
    ...side(tuned),
    zeros: w0.data.reduce((count, value) => (value === 0 ? count + 1 : count), 0),
    leading: { values, small: interleaved(small, () => 1), large: interleaved(large, (i) => values[i] ?? 0) },
    ...(options.others?.length ? { others: options.others.map(side) } : {}),
    reduced: [],
  };
}

function alignedSide(w0: Dense, factors: Svd, w1: Dense, options: AlignmentOptions): AlignedSide {
  const { maskRank, signal } = options;
  const update = differenceOf(w0, w1);
  const isZero = factors.values[0] === 0;
  return {
    updateValue: singularValues(update, signal)[0] ?? 0,
    ...(isZero ? { energies: null, diagonal: null } : projections(update, factors, maskRank)),
    directions: hasRank(factors, maskRank, w0.rows, w0.columns) ? directionEnergies(update, factors, maskRank) : null,
    masks: isZero ? null : maskHistograms(w0, w1, factors, options),
  };
}

function differenceOf(w0: Dense, w1: Dense): Dense {
  const { rows, columns } = w0;
  if (w1.rows !== rows || w1.columns !== columns) throw new OffaxisError('bug', 'The two matrices differ in shape.');
  return { rows, columns, data: w1.data.map((value, i) => value - (w0.data[i] as number)) };
}

/** Values of D and, if they are asked for, the leading right vectors, [n, K]. */
function updateFactors(
  update: Dense,
  { updateRank, signal }: PairOptions,
): { values: Float64Array; right?: Float64Array | null } {
  if (updateRank === undefined) return { values: singularValues(update, signal) };
  const factors = svd(update, signal);
  const { rows, columns } = update;
  if (!hasRank(factors, updateRank, rows, columns)) return { values: factors.values, right: null };
  const right = new Float64Array(columns * updateRank);
  for (const [k, vector] of factors.right.slice(0, updateRank).entries())
    for (const [j, value] of vector.entries()) right[j * updateRank + k] = value;
  return { values: factors.values, right };
}

/** W0 + t G in W0's own type, on the grid if that is narrower. */
function noiseTwin(base: Matrix, { seed, norm, grid }: NoiseOptions): Matrix {
  const w0 = decode(base).data;
  const noise = noiseOf(seed, 0, w0.length);
  const round = roundingOf(grid ?? base.type);
  const values = (t: number): Float64Array => w0.map((w, i) => round(w + t * (noise[i] as number)));
  const moved = (t: number): number =>
    Math.sqrt(values(t).reduce((sum, value, i) => sum + (value - (w0[i] as number)) ** 2, 0));
  return { ...base, data: encodeCodes(base.type, values(fitNoise(norm, w0.length, moved))) };
}

/** To the nearest value of a type, ties to even. */
function roundingOf(type: MatrixType | GridName): (value: number) => number {
  if (type === 'F64') return (value) => value;
  if (type === 'F32') return Math.fround;
  const grid = new Grid(type);
  // by way of float32, as frameworks cast float64 to bf16
  return type === 'BF16' ? (value) => grid.round(Math.fround(value)) : (value) => grid.round(value);
}

/** s_k above tol = max(m, n) 2^-23 s_1. */
function hasRank({ values }: Svd, k: number, rows: number, columns: number): boolean {
  return (values[k - 1] ?? 0) > Math.max(rows, columns) * 2 ** -23 * (values[0] ?? 0);
}

/** Sines s((I - X X') Y) and cosines s(X' Y) of the angles between the spans of orthonormal X and Y, both ascending in angle. */
function principalAngles(
  x: readonly Float64Array[],
  y: readonly Float64Array[],
  signal: AbortSignal | undefined,
): { sines: Float64Array; cosines: Float64Array } {
  const overlap = inner(x, y);
  const rest = y.map((vector, j) => {
    const result = Float64Array.from(vector);
    for (const [i, basis] of x.entries()) {
      const part = overlap.data[i * y.length + j] as number;
      for (let n = 0; n < result.length; n++) result[n] = (result[n] as number) - part * (basis[n] as number);
    }
    return result;
  });
  const sines = singularValues(stack(rest), signal).reverse();
  return { sines, cosines: singularValues(overlap, signal) };
}

/** norm(u_i' D)^2 and norm(D v_i)^2, i = 1..k. */
function directionEnergies(update: Dense, { left, right }: Svd, k: number): DirectionEnergies {
  const squares = (vectors: readonly Float64Array[]): Float64Array => Float64Array.from(vectors, (v) => dot(v, v));
  return {
    left: squares(apply(transpose(update), left.slice(0, k))),
    right: squares(apply(update, right.slice(0, k))),
  };
}

/** norm_F(U_r' D V_r)^2, norm_F(U_r' D)^2, norm_F(D V_r)^2, and u_i' D v_i. */
function projections(update: Dense, factors: Svd, rank: number): Pick<PairQuantities, 'energies' | 'diagonal'> {
  const left = factors.left.slice(0, rank);
  const right = factors.right.slice(0, rank);
  const leftProjected = apply(transpose(update), left); // rows of U_r' D
  const rightProjected = apply(update, right); // columns of D V_r
  const joint = inner(left, rightProjected);
  const squared = (vectors: readonly Float64Array[]): number => vectors.reduce((sum, v) => sum + dot(v, v), 0);
  return {
    energies: { joint: dot(joint.data, joint.data), left: squared(leftProjected), right: squared(rightProjected) },
    diagonal: Float64Array.from({ length: rank }, (_, i) => joint.data[i * rank + i] as number),
  };
}
