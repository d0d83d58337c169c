/** Random matrices for tests, and their storage codes. */
import type { Matrix } from '../../src/linalg/backend.ts';
import { Grid, type GridSpec, type MatrixType } from '../../src/numbers/index.ts';

/** Uniform in [0, 1) from a seed (mulberry32): the same numbers in every run. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal numbers (Box-Muller). */
export function normal(seed: number): () => number {
  const next = uniform(seed);
  return () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

/** i.i.d. N(0, 1), row-major. */
export function gaussian(rows: number, columns: number, seed: number): Float64Array {
  const next = normal(seed);
  return Float64Array.from({ length: rows * columns }, next);
}

/** Weight-like: a bulk of noise with uneven rows and a few strong directions, so that large weights sit in the principal mask. */
export function weightLike(rows: number, columns: number, seed: number): Float64Array {
  const bulk = gaussian(rows, columns, seed);
  const rowScale = gaussian(rows, 1, seed + 1).map((x) => Math.exp(x / 2));
  const result = bulk.map((x, i) => 0.02 * x * (rowScale[Math.floor(i / columns)] ?? 1));
  for (let term = 0; term < 5; term++) {
    const u = gaussian(rows, 1, seed + 10 + term);
    const v = gaussian(columns, 1, seed + 20 + term);
    for (let i = 0; i < result.length; i++)
      result[i] = (result[i] ?? 0) + (0.02 / (term + 1)) * (u[Math.floor(i / columns)] ?? 0) * (v[i % columns] ?? 0);
  }
  return result;
}

function halfCode(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude === Infinity) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | (magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  return sign | ((exponent + 15) << 10) | ((magnitude / 2 ** exponent - 1) * 1024);
}

/** Storage codes of values, rounded to nearest even by the type. */
export function encode(type: MatrixType, values: Iterable<number>): Uint8Array {
  const list = [...values];
  switch (type) {
    case 'F64':
      return new Uint8Array(Float64Array.from(list).buffer);
    case 'F32':
      return new Uint8Array(Float32Array.from(list).buffer);
    case 'BF16': {
      const grid = new Grid('BF16');
      const words = new Uint32Array(Float32Array.from(list, (value) => grid.round(value)).buffer);
      return new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
    }
    case 'F16': {
      const grid = new Grid('F16');
      return new Uint8Array(Uint16Array.from(list, (value) => halfCode(grid.round(value))).buffer);
    }
  }
}

export function matrix(rows: number, columns: number, type: MatrixType, values: Iterable<number>): Matrix {
  return { rows, columns, type, data: encode(type, values) };
}

/** The grid of a pair that is stored alike. */
export function gridOfType(type: MatrixType): GridSpec {
  return { grid: type === 'F16' ? 'F16' : 'BF16', onGrid: type === 'BF16' || type === 'F16' };
}
