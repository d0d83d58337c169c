/** Pairs of matrices over shapes, storage types and spectra. */
import type { Matrix, PairOptions } from '../../../src/linalg/backend.ts';
import type { GridSpec, MatrixType } from '../../../src/numbers/index.ts';

type Kind =
  | 'normal'
  | 'power-law'
  | 'graded'
  | 'clustered'
  | 'identity'
  | 'rank-deficient'
  | 'zero'
  | 'unchanged'
  | 'huge'
  | 'tiny'
  | 'sparse';
export interface PairCase {
  name: string;
  rows: number;
  columns: number;
  type: MatrixType;
  kind: Kind;
  /** the leading vectors are determined by the matrix, so that angles, energies and the principal mask can be compared */
  determined: boolean;
  angleRank?: number;
  maskRank?: number;
  grid?: GridSpec;
  /** of the norm, default 0.01 */
  change?: number;
}
const shapes: [string, number, number][] = [
  ['square', 160, 160],
  ['tall', 300, 150],
  ['wide', 150, 301],
  ['small', 24, 17],
  ['one column', 40, 1],
  ['one row', 1, 33],
  ['two columns', 5, 2],
];
const types: MatrixType[] = ['BF16', 'F16', 'F32', 'F64'];
const kinds: [Kind, boolean][] = [
  ['power-law', true],
  ['graded', true],
  ['clustered', false],
  ['identity', false],
  ['rank-deficient', false],
  ['zero', false],
  ['unchanged', true],
  ['huge', true],
  ['tiny', true],
  ['sparse', true],
];
const every = shapes.flatMap(([shape, rows, columns], i) =>
  // the large ones take seconds in the reference: all types for the square, one each for the others
  types
    .filter((_, j) => i === 0 || rows * columns < 1000 || (i + j) % types.length === 0)
    .map((type) => ({ name: `${shape} ${type}`, rows, columns, type, kind: 'normal' as const, determined: true })),
);
const spectra = kinds.flatMap(([kind, determined], i) =>
  (
    [
      [160, 150, i % 2 ? 'BF16' : 'F32'],
      [40, 60, 'BF16'],
      [40, 60, 'F32'],
    ] as const
  ).map(([rows, columns, type]) => ({
    name: `${kind} ${rows} x ${columns} ${type}`,
    ...{ rows, columns, type, kind, determined },
  })),
);
export const CASES: PairCase[] = [
  ...every,
  ...spectra,
  // the thin place of the Gram matrix: zeros of the base that a small update of full rank fills
  ...[1e-5, 3e-6].map((change) => ({
    name: `rank-deficient, changed by ${change}`,
    ...{ rows: 200, columns: 180, type: 'F32' as const, kind: 'rank-deficient' as const, determined: false, change },
  })),
  { name: 'huge F64', rows: 160, columns: 150, type: 'F64', kind: 'huge', determined: true },
  { name: 'tiny F64', rows: 160, columns: 150, type: 'F64', kind: 'tiny', determined: true },
  {
    name: 'k = q',
    rows: 200,
    columns: 180,
    type: 'BF16',
    kind: 'normal',
    determined: true,
    angleRank: 180,
    maskRank: 180,
  },
  {
    name: 'r > k',
    rows: 200,
    columns: 180,
    type: 'BF16',
    kind: 'normal',
    determined: true,
    angleRank: 10,
    maskRank: 40,
  },
  {
    name: 'F32 on the grid of F8',
    ...{ rows: 180, columns: 170, type: 'F32', kind: 'normal', determined: true },
    grid: { grid: 'F8_E4M3', onGrid: false },
  },
];

/** Gaussian numbers from a fixed seed. */
export function gaussian(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32 + 2 ** -33;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

export function encode(type: MatrixType, values: Float64Array): Uint8Array {
  if (type === 'F64') return new Uint8Array(values.slice().buffer);
  const single = Float32Array.from(values);
  if (type === 'F32') return new Uint8Array(single.buffer);
  const bits = new Uint32Array(single.buffer);
  if (type === 'BF16')
    return new Uint8Array(Uint16Array.from(bits, (b) => (b + 0x7fff + ((b >>> 16) & 1)) >>> 16).buffer);
  return new Uint8Array(Uint16Array.from(values, halfCode).buffer);
}
/** Nearest half-precision code, ties to even, for |x| < 65504. */
function halfCode(x: number): number {
  const m = Math.abs(x);
  const exponent = m === 0 ? -14 : Math.max(-14, Math.floor(Math.log2(m)));
  const steps = m / 2 ** (exponent - 10);
  const below = Math.floor(steps);
  const up = steps - below > 0.5 || (steps - below === 0.5 && below % 2 === 1);
  const n = below + (up ? 1 : 0);
  return (x < 0 ? 0x8000 : 0) | (n < 1024 ? n : (exponent + 14) * 1024 + n);
}

function spectrumOf(kind: Kind, q: number): ((i: number) => number) | null {
  if (kind === 'power-law' || kind === 'unchanged' || kind === 'huge' || kind === 'tiny') return (i) => (i + 1) ** -0.7;
  if (kind === 'graded') return (i) => 10 ** ((-5 * i) / q);
  if (kind === 'clustered') return (i) => 1 - 0.1 * Math.floor((8 * i) / q);
  if (kind === 'rank-deficient') return (i) => (i < q / 4 ? 1 - i / q : 0);
  return null;
}
/** Columns of an orthonormal basis of R^n, by Gram-Schmidt on random vectors. */
function basis(n: number, count: number, next: () => number): Float64Array[] {
  const units: Float64Array[] = [];
  while (units.length < count) {
    const v = Float64Array.from({ length: n }, next);
    for (let pass = 0; pass < 2; pass++)
      for (const u of units) {
        const part = u.reduce((sum, x, i) => sum + x * (v[i] ?? 0), 0);
        u.forEach((x, i) => (v[i] = (v[i] ?? 0) - part * x));
      }
    const length = Math.hypot(...v);
    units.push(v.map((x) => x / length));
  }
  return units;
}
/** Near the ends of the type's range, but for F64 where fourth powers leave it (the reference squares only). */
function scaleOf({ kind, type }: PairCase): number {
  if (kind === 'huge') return type === 'F64' ? 1e120 : 2e38;
  return kind === 'tiny' ? (type === 'F64' ? 1e-120 : 1e-30) : 1;
}
function valuesOf(item: PairCase, next: () => number): Float64Array {
  const { kind, rows, columns } = item;
  const q = Math.min(rows, columns);
  const data = new Float64Array(rows * columns);
  if (kind === 'zero') return data;
  if (kind === 'identity') {
    for (let i = 0; i < q; i++) data[i * columns + i] = 2;
    return data;
  }
  const spectrum = spectrumOf(kind, q);
  if (!spectrum) return data.map(() => (kind === 'sparse' && next() > 0 ? 0 : 0.02 * next()));
  const [left, right] = [basis(rows, q, next), basis(columns, q, next)];
  const scale = scaleOf(item);
  for (let term = 0; term < q; term++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        data[i * columns + j] =
          (data[i * columns + j] ?? 0) + scale * spectrum(term) * (left[term]?.[i] ?? 0) * (right[term]?.[j] ?? 0);
  return data;
}

export function pairOf(item: PairCase): { base: Matrix; tuned: Matrix; options: PairOptions } {
  const { rows, columns, type, kind } = item;
  const next = gaussian(rows * 1000 + columns + kind.length);
  const w0 = valuesOf(item, next);
  // rank deficient exactly: small integers times small integers survive every rounding
  if (kind === 'rank-deficient') {
    const rank = Math.ceil(Math.min(rows, columns) / 4);
    const [a, b] = [rows, columns].map((n) =>
      Float64Array.from({ length: n * rank }, () => Math.sign(Math.round(next()))),
    );
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let t = 0; t < rank; t++) sum += (a?.[i * rank + t] ?? 0) * (b?.[j * rank + t] ?? 0);
        w0[i * columns + j] = sum;
      }
  }
  const greatest = w0.reduce((most, w) => Math.max(most, Math.abs(w)), 0) || 1;
  const rms = greatest * Math.sqrt(w0.reduce((sum, w) => sum + (w / greatest) ** 2, 0) / w0.length) || 1;
  const w1 = kind === 'unchanged' ? w0 : w0.map((w) => w + (item.change ?? 0.01) * rms * next());
  const q = Math.min(rows, columns);
  return {
    base: { rows, columns, type, data: encode(type, w0) },
    tuned: { rows, columns, type, data: encode(type, w1) },
    options: {
      maskRank: item.maskRank ?? Math.min(64, Math.ceil(q / 8)),
      angleRank: item.angleRank ?? Math.max(1, Math.min(512, Math.floor(q / 2))),
      alpha: 0.3,
      grid: item.grid ?? {
        grid: type === 'F16' ? 'F16' : 'BF16',
        onGrid: type === 'BF16' || type === 'F16',
      },
    },
  };
}

/** Cases that are also taken as several tuned sides of one base. */
export const SEVERAL_CASES: PairCase[] = CASES.filter(
  ({ name, rows, columns, kind }) =>
    kind !== 'huge' &&
    (rows * columns < 3000 || ['square BF16', 'tall F16', 'wide F32', 'rank-deficient 160 x 150 F32'].includes(name)),
);

/** The tuned side, the base itself and another side, with as many leading directions of each update as METRICS ask for. */
export function severalOf(item: PairCase): { base: Matrix; tuned: Matrix; options: PairOptions } {
  const { base, tuned, options } = pairOf(item);
  const again = pairOf({ ...item, change: 0.03 }).tuned;
  const updateRank = Math.min(16, item.rows, item.columns);
  return { base, tuned, options: { ...options, others: [base, again], updateRank } };
}
