/** Products on a software device against float64: every form, every way of storing the operands, parts, and the tuning run. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGpuContext, type GpuContext } from '../../../../src/linalg/webgpu/context.ts';
import { currentVariant, multiply } from '../../../../src/linalg/webgpu/gemm/multiply.ts';
import type { GemmProduct } from '../../../../src/linalg/webgpu/gemm/product.ts';
import { timeGemm, tuneGemm, tuningKey } from '../../../../src/linalg/webgpu/gemm/tuning.ts';
import { GEMM_VARIANTS, type GemmVariant, possibleVariants } from '../../../../src/linalg/webgpu/gemm/variants.ts';
import { createMatrix, type DeviceMatrix } from '../../../../src/linalg/webgpu/matrix.ts';
import { gaussian } from '../../matrices.ts';
import { openTestDevice, type TestDevice } from './device.ts';

const CAP = 2 ** 28;
let held: TestDevice;
let context: GpuContext;

beforeAll(async () => {
  held = await openTestDevice();
  context = createGpuContext(held.device, { memoryCap: CAP });
});
afterAll(async () => {
  context?.dispose();
  held?.device.destroy();
  await held?.device.lost;
});

interface Case {
  m: number;
  n: number;
  k: number;
  transposeA?: boolean;
  transposeB?: boolean;
  alpha?: number;
  beta?: number;
}

async function put(
  on: GpuContext,
  rows: number,
  cols: number,
  values: Float32Array<ArrayBuffer>,
): Promise<DeviceMatrix> {
  const matrix = await createMatrix(on, 'test', rows, cols);
  on.device.queue.writeBuffer(matrix.buffer, 0, values);
  return matrix;
}

/** The largest error of C in units of |alpha| |A| |B| + |beta| |C|, element by element. */
async function error(
  on: GpuContext,
  variant: GemmVariant,
  shape: Case,
  before?: Float32Array<ArrayBuffer>,
): Promise<number> {
  const { m, n, k, transposeA = false, transposeB = false, alpha = 1, beta = 0 } = shape;
  const a = Float32Array.from(gaussian(m, k, 1));
  const b = Float32Array.from(gaussian(k, n, 2));
  const c = before ?? Float32Array.from(gaussian(m, n, 3));
  const matrices = [
    await put(on, transposeA ? k : m, transposeA ? m : k, a),
    await put(on, transposeB ? n : k, transposeB ? k : n, b),
    await put(on, m, n, c),
  ] as const;
  const product: GemmProduct = { a: matrices[0], b: matrices[1], c: matrices[2], transposeA, transposeB, alpha, beta };
  await multiply(on, [product], { variant });
  const got = new Float32Array(await on.read(matrices[2].buffer, 0, m * n * 4));
  for (const { buffer } of matrices) on.pool.release(buffer);
  let worst = 0;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let [sum, scale] = beta === 0 ? [0, 0] : [beta * c[i * n + j]!, Math.abs(beta * c[i * n + j]!)];
      for (let l = 0; l < k; l++) {
        const term = alpha * a[transposeA ? l * m + i : i * k + l]! * b[transposeB ? j * k + l : l * n + j]!;
        sum += term;
        scale += Math.abs(term);
      }
      const difference = Math.abs(got[i * n + j]! - sum);
      worst = Math.max(worst, Number.isFinite(difference) ? difference / scale : Infinity);
    }
  }
  return worst;
}
/** Float32 sums of up to 256 terms. */
const TOLERANCE = 1e-6;

describe('the product', () => {
  it.each(possibleNames())('%s is right if tiles do not fit', async (name) => {
    const variant = GEMM_VARIANTS.find((one) => one.name === name)!;
    expect(await error(context, variant, { m: 160, n: 96, k: 32 + 4 * 8 })).toBeLessThan(TOLERANCE);
  });

  it.each(['direct', 'shared'] as const)('%s takes transposed operands, alpha and beta', async (kind) => {
    const variant = GEMM_VARIANTS.find((one) => one.kind === kind)!;
    const size = { m: 96, n: 64, k: 32 };
    for (const transposeA of [false, true])
      for (const transposeB of [false, true])
        expect(
          await error(context, variant, { ...size, transposeA, transposeB, alpha: -0.5, beta: transposeA ? 2 : 0 }),
          `transposed: ${transposeA}, ${transposeB}`,
        ).toBeLessThan(TOLERANCE);
  });

  it('does not read C without beta', async () => {
    const nan = new Float32Array(64 * 64).fill(NaN);
    expect(await error(context, GEMM_VARIANTS[0]!, { m: 64, n: 64, k: 64 }, nan)).toBeLessThan(TOLERANCE);
  });

  it('goes in parts if a matrix is larger than a binding', async () => {
    const small = createGpuContext(held.device, { memoryCap: CAP, bindingLimit: 2 ** 16 });
    try {
      for (const transposeA of [false, true])
        for (const transposeB of [false, true]) {
          const shape = { m: 192, n: 128, k: 256, transposeA, transposeB, beta: 1.5 };
          expect(await error(small, GEMM_VARIANTS[0]!, shape), `transposed: ${transposeA}, ${transposeB}`).toBeLessThan(
            TOLERANCE,
          );
        }
    } finally {
      small.dispose();
    }
  });

  it('refuses shapes that do not fit together', async () => {
    const [a, b] = [await createMatrix(context, 'a', 64, 32), await createMatrix(context, 'b', 64, 32)];
    await expect(multiply(context, [{ a, b, c: a }])).rejects.toThrow('product of 64 x 32 and 64 x 32 into 64 x 32');
    for (const { buffer } of [a, b]) context.pool.release(buffer);
  });
});

describe('the tuning run', () => {
  it('keeps its choice for this adapter, and does not run again', async () => {
    const kept = new Map<string, string>();
    const first = await tuneGemm(context, kept);
    expect(currentVariant(context).variant).toBe(first);
    expect([...kept]).toEqual([[tuningKey(context.device.adapterInfo), first.name]]);
    // Another choice that lies there is taken as it is: there is no second run.
    const other = GEMM_VARIANTS.find((variant) => variant !== first)!;
    kept.set(tuningKey(context.device.adapterInfo), other.name);
    expect(await tuneGemm(context, kept)).toBe(other);
    expect(currentVariant(context).variant).toBe(other);
    // What another version left there is not a choice of this one.
    kept.set(tuningKey(context.device.adapterInfo), 'direct 3x3');
    expect(GEMM_VARIANTS).toContain(await tuneGemm(context, kept));
    expect(GEMM_VARIANTS.map(({ name }) => name)).toContain(kept.get(tuningKey(context.device.adapterInfo)));
  });

  it('orders variants by their time', async () => {
    const timings = await timeGemm(context, GEMM_VARIANTS.slice(0, 3), 128);
    const times = timings.map(({ milliseconds }) => milliseconds);
    expect(times).toEqual([...times].sort((one, other) => one - other));
    for (const { milliseconds, rate } of timings) expect(rate).toBeCloseTo((2 * 128 ** 3) / (milliseconds / 1e3), 0);
  });

  it('leaves out what the device has no room for', () => {
    const limits = { maxComputeInvocationsPerWorkgroup: 64, maxComputeWorkgroupStorageSize: 8192 };
    const names = possibleVariants({ limits } as unknown as GPUDevice).map(({ name }) => name);
    expect(names).not.toContain('shared 8x8, 16x16 threads, 16 deep');
    expect(names).toContain('shared 8x8, 8x8 threads, 16 deep');
  });
});

function possibleNames(): string[] {
  return GEMM_VARIANTS.map(({ name }) => name);
}
