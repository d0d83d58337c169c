/** Bands from a software device against float64: shapes, scales to the ends of the range, differences, NSS. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LinearAlgebraBackend } from '../../../../src/linalg/backend.ts';
import { createWasmBackend } from '../../../../src/linalg/wasm/index.ts';
import { createGpuContext, type GpuContext } from '../../../../src/linalg/webgpu/context.ts';
import type { UnpackMode } from '../../../../src/linalg/webgpu/unpack.ts';
import { decodeCodes } from '../../../../src/numbers/index.ts';
import { encode, gaussian } from '../../matrices.ts';
import { buildWasm, type WasmBuild } from '../wasmBuild.ts';
import { openTestDevice, type TestDevice } from './device.ts';
import { bandOf, dense, heavyTailed, stored, type Stored, ulps } from './stored.ts';

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
});
afterAll(async () => {
  context?.dispose();
  held?.device.destroy();
  await held?.device.lost;
  await cpu?.dispose();
  wasm?.remove();
});

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

const TARGET = 1e-6;

/** Small integers as factors: of exact rank in bf16, for what its sums may hold. */
function lowRank(m: number, n: number, rank: number): Stored {
  const [u, v] = [gaussian(m, rank, rank), gaussian(n, rank, rank + 1)];
  const values = Float64Array.from({ length: m * n }, (_, i) => {
    let sum = 0;
    for (let t = 0; t < rank; t++) {
      sum += Math.round(u[Math.floor(i / n) * rank + t] ?? 0) * Math.round(v[(i % n) * rank + t] ?? 0);
    }
    return sum;
  });
  return stored(m, n, values, 'F32');
}

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
      [500, 260],
      [130, 700],
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
    ['rank 40', lowRank(224, 192, 40)],
    ['rank 100', lowRank(224, 192, 100)],
    ['rank 40, tall', lowRank(500, 192, 40)],
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
      const [f0, f1] = [
        await bandValues(await bandOf(pair, 'base', context)),
        await bandValues(await bandOf(pair, 'tuned', context)),
      ];
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
