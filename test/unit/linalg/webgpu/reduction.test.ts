/** The reduction on a software device against float64: bands, scales, batches, tiles, vectors, cancelling, limits. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LinearAlgebraBackend } from '../../../../src/linalg/backend.ts';
import { createWasmBackend } from '../../../../src/linalg/wasm/index.ts';
import { svd } from '../../../../src/linalg/reference/svd.ts';
import { BandReduction, BANDWIDTH } from '../../../../src/linalg/webgpu/bandReduction.ts';
import { createGpuContext, type GpuContext } from '../../../../src/linalg/webgpu/context.ts';
import type { DeviceMatrix } from '../../../../src/linalg/webgpu/matrix.ts';
import { upload } from '../../../../src/linalg/webgpu/upload.ts';
import type { DeviceType, RawPair, UnpackMode } from '../../../../src/linalg/webgpu/unpack.ts';
import { decodeCodes } from '../../../../src/linalg/codes.ts';
import { encode, gaussian, uniform } from '../../matrices.ts';
import { buildWasm, type WasmBuild } from '../wasmBuild.ts';

import { openTestDevice, type TestDevice } from './device.ts';

const CAP = 2 ** 30;
let held: TestDevice;
let context: GpuContext;
let wasm: WasmBuild;
let cpu: LinearAlgebraBackend;

beforeAll(async () => {
  held = await openTestDevice();
  context = createGpuContext(held.device, { memoryCap: CAP });
  wasm = await buildWasm();
  cpu = await createWasmBackend({ ...wasm, threads: 1 });
}, 300_000);
afterAll(async () => {
  context?.dispose();
  held?.device.destroy();
  await held?.device.lost;
  await cpu?.dispose();
  wasm?.remove();
});

interface Stored {
  rows: number;
  columns: number;
  type: DeviceType;
  base: Uint8Array;
  tuned?: Uint8Array;
}
const stored = (rows: number, columns: number, values: Float64Array, type: DeviceType = 'BF16'): Stored => ({
  ...{ rows, columns, type, base: encode(type, values) },
});

/** Fills `member` from raw words that go up for this call only. */
async function fill(reduction: BandReduction, member: number, matrix: Stored, mode: UnpackMode): Promise<void> {
  const { pool } = reduction.context;
  const base = await upload(reduction.context, matrix.base);
  const tuned = matrix.tuned ? await upload(reduction.context, matrix.tuned) : null;
  const pair: RawPair = {
    ...{ rows: matrix.rows, columns: matrix.columns },
    base: { words: base, type: matrix.type },
    tuned: tuned && { words: tuned, type: matrix.type },
  };
  await reduction.fill(member, pair, mode);
  pool.release(base.buffer);
  if (tuned) pool.release(tuned.buffer);
}

async function bandOf(matrix: Stored, mode: UnpackMode = 'base', on = context): Promise<Float64Array> {
  const reduction = await BandReduction.create(on, { ...matrix, batch: 1, keepReflectors: false });
  try {
    await fill(reduction, 0, matrix, mode);
    await reduction.reduce();
    return (await reduction.readBands())[0] ?? new Float64Array(0);
  } finally {
    reduction.destroy();
  }
}

function dense(band: Float64Array): { values: Float64Array; q: number } {
  const q = band.length / (BANDWIDTH + 1);
  const values = new Float64Array(q * q);
  for (let r = 0; r < q; r++) {
    for (let d = 0; d <= BANDWIDTH && r + d < q; d++) values[r * q + r + d] = band[r * (BANDWIDTH + 1) + d] ?? 0;
  }
  return { values, q };
}
const float64 = async (values: Float64Array, rows: number, columns: number): Promise<Float64Array> =>
  cpu.singularValues({ rows, columns, type: 'F64', data: new Uint8Array(values.buffer) }, {});
const bandValues = async (band: Float64Array): Promise<Float64Array> => {
  const { values, q } = dense(band);
  return float64(values, q, q);
};

/** Largest error of a singular value over s1, against float64 of the decoded words. */
async function errorOf(matrix: Stored, mode: UnpackMode = 'base', on = context): Promise<number> {
  const found = await bandValues(await bandOf(matrix, mode, on));
  const w0 = decodeCodes(matrix.type, matrix.base);
  const w1 = matrix.tuned ? decodeCodes(matrix.type, matrix.tuned) : w0;
  const wanted = mode === 'base' ? w0 : mode === 'tuned' ? w1 : w1.map((x, i) => x - (w0[i] ?? 0));
  const expected = await float64(wanted, matrix.rows, matrix.columns);
  expect(found.length).toBe(expected.length);
  return difference(found, expected) / (expected[0] || 1);
}
const difference = (a: Float64Array, b: Float64Array): number =>
  a.reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] ?? NaN))), 0);

/** A heavy-tailed spectrum s_i ~ i^-0.6 with random directions, entries of size 0.02. */
function heavyTailed(m: number, n: number, seed: number): Float64Array {
  const q = Math.min(m, n);
  const terms = Math.min(q, 24);
  const noise = gaussian(m, n, seed);
  const out = noise.map((x) => (x * 0.02) / 2);
  for (let t = 0; t < terms; t++) {
    const u = gaussian(m, 1, seed + 100 + t);
    const v = gaussian(n, 1, seed + 200 + t);
    const s = 0.02 * (t + 1) ** -0.6;
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) out[i * n + j] = (out[i * n + j] ?? 0) + s * (u[i] ?? 0) * (v[j] ?? 0);
  }
  return out;
}

/** A share of the bf16 weights moves by one unit in the last place. */
function ulps(words: Uint8Array, share: number, seed: number): Uint8Array {
  const codes = Uint16Array.from(new Uint16Array(words.buffer, words.byteOffset, words.byteLength / 2));
  const next = uniform(seed);
  for (let i = 0; i < codes.length; i++) if (next() < share) codes[i] = (codes[i] ?? 0) + (next() < 0.5 ? 1 : -1);
  return new Uint8Array(codes.buffer);
}

const TARGET = 1e-6;

describe('bands have the singular values of the matrix', () => {
  const shapes: [number, number][] = [
    ...([
      [256, 256],
      [320, 192],
      [192, 320],
      [201, 137],
      [137, 201],
      [33, 31],
    ] as [number, number][]),
    ...([
      [5, 3],
      [2, 2],
      [1024, 96],
      [32, 32],
      [64, 32],
      [65, 64],
    ] as [number, number][]),
  ];
  for (const [m, n] of shapes) {
    it(`${m} x ${n}`, async () => {
      expect(await errorOf(stored(m, n, heavyTailed(m, n, m * 7 + n)))).toBeLessThan(TARGET);
    });
  }

  const bulk = heavyTailed(128, 128, 3);
  const cases: [string, Stored][] = [
    ['zero', stored(96, 64, new Float64Array(96 * 64))],
    ['minus zero', stored(64, 64, new Float64Array(64 * 64).fill(-0))],
    [
      'identity',
      stored(
        96,
        96,
        Float64Array.from({ length: 96 * 96 }, (_, i) => (i % 97 === 0 ? 1 : 0)),
      ),
    ],
    [
      'one entry',
      stored(
        96,
        64,
        Float64Array.from({ length: 96 * 64 }, (_, i) => (i === 4000 ? 1 : 0)),
      ),
    ],
    [
      'rank 1',
      stored(
        160,
        128,
        Float64Array.from(
          { length: 160 * 128 },
          (_, i) => ((((i / 128) | 0) % 7) - 3) * (((i % 128) % 5) - 2) * 2 ** -8,
        ),
      ),
    ],
    [
      'zero rows and columns',
      stored(
        192,
        128,
        heavyTailed(192, 128, 9).map((x, i) =>
          (i % 128 > 4 && i % 128 < 90) || (i / 128 > 60 && i / 128 < 120) ? 0 : x,
        ),
      ),
    ],
    [
      'columns graded from 1 to 1e-12',
      stored(
        128,
        128,
        bulk.map((x, i) => x * 10 ** ((-12 * (i % 128)) / 127)),
      ),
    ],
    [
      '1e-15',
      stored(
        128,
        128,
        bulk.map((x) => x * 1e-15),
      ),
    ],
    [
      '1e-22',
      stored(
        128,
        128,
        bulk.map((x) => x * 1e-22),
      ),
    ],
    [
      '1e-36',
      stored(
        128,
        128,
        bulk.map((x) => x * 1e-36),
      ),
    ],
    [
      '1e-38, mostly subnormal',
      stored(
        128,
        128,
        bulk.map((x) => x * 1e-38),
      ),
    ],
    [
      '1e15',
      stored(
        128,
        128,
        bulk.map((x) => x * 1e15),
      ),
    ],
    [
      '1e38',
      stored(
        128,
        128,
        bulk.map((x) => x * 1e38),
      ),
    ],
    [
      'f16 with subnormals',
      stored(
        101,
        77,
        gaussian(101, 77, 4).map((x, i) => (i < 8 ? (i + 1) * 2 ** -24 : x * 1e-4)),
        'F16',
      ),
    ],
    ['f32', stored(150, 97, heavyTailed(150, 97, 5), 'F32')],
    [
      'f32 subnormal',
      stored(
        97,
        150,
        heavyTailed(97, 150, 6).map((x) => x * 1e-42),
        'F32',
      ),
    ],
  ];
  for (const [name, matrix] of cases) {
    it(name, async () => {
      expect(await errorOf(matrix)).toBeLessThan(TARGET);
    });
  }

  const base = encode('BF16', heavyTailed(384, 256, 11));
  it('D of changes by one unit in the last place', async () => {
    const pair: Stored = { rows: 384, columns: 256, type: 'BF16', base, tuned: ulps(base, 0.01, 12) };
    expect(await errorOf(pair, 'difference')).toBeLessThan(TARGET);
    expect(await errorOf(pair, 'tuned')).toBeLessThan(TARGET);
  });
  it('D that is tiny beside weights that do not change', async () => {
    const values = heavyTailed(96, 64, 13).map((x, i) => (i === 77 ? 2 ** 100 : x * 1e-30));
    const moved = values.map((x, i) => (i % 5 === 0 && i !== 77 ? x * 1.5 : x));
    const pair: Stored = {
      rows: 96,
      columns: 64,
      type: 'F32',
      base: encode('F32', values),
      tuned: encode('F32', moved),
    };
    expect(await errorOf(pair, 'difference')).toBeLessThan(TARGET);
  });
});

describe('NSS', () => {
  for (const [share, seed] of [
    [1, 1],
    [0.1, 2],
    [0.01, 3],
    [0.001, 4],
    [0.0002, 5],
  ] as const) {
    it(`${share} of the weights one unit away`, async () => {
      const base = encode('BF16', heavyTailed(256, 256, 21));
      const pair: Stored = { rows: 256, columns: 256, type: 'BF16', base, tuned: ulps(base, share, seed) };
      const [f0, f1] = [await bandValues(await bandOf(pair)), await bandValues(await bandOf(pair, 'tuned'))];
      const t0 = await float64(decodeCodes('BF16', pair.base), 256, 256);
      const t1 = await float64(decodeCodes('BF16', pair.tuned ?? base), 256, 256);
      const norm = (x: Float64Array): number => Math.hypot(...x);
      const nss = (a: Float64Array, b: Float64Array): number => norm(b.map((x, i) => x - (a[i] ?? 0))) / norm(a);
      const truth = nss(t0, t1);
      expect(truth).toBeGreaterThan(2e-6);
      expect(Math.abs(nss(f0, f1) / truth - 1)).toBeLessThan(1e-2);
    });
  }
});

async function download(matrix: DeviceMatrix): Promise<Float32Array> {
  return new Float32Array(await context.read(matrix.buffer, matrix.offset, matrix.rows * matrix.ld * 4));
}

describe('singular vectors', () => {
  for (const [m, n, k] of [
    [320, 256, 32],
    [150, 300, 20],
    [5, 3, 3],
  ] as const) {
    it(`${k} of ${m} x ${n}: residual and orthonormality`, async () => {
      const matrix = stored(m, n, heavyTailed(m, n, 31));
      const reduction = await BandReduction.create(context, { ...matrix, batch: 2, keepReflectors: true });
      await fill(reduction, 0, stored(m, n, gaussian(m, n, 5)), 'base');
      await fill(reduction, 1, matrix, 'base');
      await reduction.reduce();
      const { values, q } = dense((await reduction.readBands())[1] ?? new Float64Array(0));
      const band = svd({ rows: q, columns: q, data: values });
      const columns = (vectors: Float64Array[]): Float64Array =>
        Float64Array.from({ length: q * k }, (_, i) => vectors[i % k]?.[Math.floor(i / k)] ?? 0);
      const { left, right } = await reduction.backTransform(1, { ub: columns(band.left), vb: columns(band.right) }, k);
      const [u, v] = [await download(left), await download(right)];
      const w = decodeCodes('BF16', matrix.base);
      let residual = 0;
      for (let i = 0; i < m; i++) {
        for (let c = 0; c < k; c++) {
          let sum = 0;
          for (let j = 0; j < n; j++) sum += (w[i * n + j] ?? 0) * (v[j * right.ld + c] ?? 0);
          residual = Math.max(residual, Math.abs(sum - (u[i * left.ld + c] ?? 0) * (band.values[c] ?? 0)));
        }
      }
      expect(residual / (band.values[0] ?? 1)).toBeLessThan(2e-6);
      for (const [x, { rows, ld }] of [
        [u, left],
        [v, right],
      ] as const) {
        let most = 0;
        for (let a = 0; a < k; a++) {
          for (let b = 0; b <= a; b++) {
            let sum = a === b ? -1 : 0;
            for (let i = 0; i < rows; i++) sum += (x[i * ld + a] ?? 0) * (x[i * ld + b] ?? 0);
            most = Math.max(most, Math.abs(sum));
          }
        }
        expect(most).toBeLessThan(4e-6);
      }
      for (const { buffer } of [left, right]) context.pool.release(buffer);
      reduction.destroy();
    });
  }
});

describe('batches and tiles', () => {
  it('a member has the bits that it has alone', async () => {
    const base = encode('BF16', heavyTailed(384, 256, 11));
    const pair: Stored = { rows: 384, columns: 256, type: 'BF16', base, tuned: ulps(base, 0.01, 12) };
    const reduction = await BandReduction.create(context, { ...pair, batch: 3, keepReflectors: false });
    const modes = ['base', 'tuned', 'difference'] as const;
    for (const [member, mode] of modes.entries()) await fill(reduction, member, pair, mode);
    await reduction.reduce();
    const bands = await reduction.readBands();
    reduction.destroy();
    for (const [member, mode] of modes.entries()) expect(bands[member]).toEqual(await bandOf(pair, mode));
  });

  for (const [m, n] of [
    [320, 256],
    [200, 330],
  ] as const) {
    it(`tiled = untiled, ${m} x ${n}`, async () => {
      const matrix = stored(m, n, heavyTailed(m, n, 41));
      const tiled = createGpuContext(held.device, { memoryCap: CAP, bindingLimit: 2 ** 17 });
      expect(await bandOf(matrix, 'base', tiled)).toEqual(await bandOf(matrix));
      // members apart, each whole in a binding
      const apart = createGpuContext(held.device, { memoryCap: CAP, bindingLimit: 2 ** 19 });
      expect(await bandOf(matrix, 'base', apart)).toEqual(await bandOf(matrix));
      tiled.dispose();
      apart.dispose();
    });
  }
});
