/** What a software device does with a batch: vectors from kept reflectors, members apart, tiles, cancelling, limits, counts. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeCodes } from '../../../../src/numbers/index.ts';
import { svd } from '../../../../src/linalg/reference/svd.ts';
import { applyReflectors } from '../../../../src/linalg/webgpu/backTransform.ts';
import { BandReduction } from '../../../../src/linalg/webgpu/bandReduction.ts';
import { createGpuContext, type GpuContext } from '../../../../src/linalg/webgpu/context.ts';
import { DeviceMemoryError } from '../../../../src/linalg/webgpu/errors.ts';
import { createMatrix, type DeviceMatrix } from '../../../../src/linalg/webgpu/matrix.ts';
import { countReduction } from '../../../../src/linalg/webgpu/countReduction.ts';
import { encode, gaussian } from '../../matrices.ts';
import { openTestDevice, type TestDevice } from './device.ts';
import { bandOf, dense, fill, heavyTailed, stored, type Stored, ulps } from './stored.ts';

const CAP = 2 ** 30;
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

async function download(matrix: DeviceMatrix): Promise<Float32Array> {
  return new Float32Array(await context.read(matrix.buffer, matrix.offset, matrix.rows * matrix.ld * 4));
}

describe('singular vectors', () => {
  for (const [m, n, k] of [
    [320, 256, 32],
    [150, 300, 20],
    [470, 200, 24],
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
  it('a member has the bits that it has alone, be the batch in one binding, in groups or in tiles', async () => {
    const base = encode('BF16', heavyTailed(384, 256, 11));
    const pair: Stored = { rows: 384, columns: 256, type: 'BF16', base, tuned: ulps(base, 0.01, 12) };
    const modes = ['base', 'tuned', 'difference'] as const;
    const alone = [];
    for (const mode of modes) alone.push(await bandOf(pair, mode, context));
    // a member takes 408 KiB
    for (const bindingLimit of [2 ** 27, 2 ** 20, 2 ** 18]) {
      const on = createGpuContext(held.device, { memoryCap: CAP, bindingLimit });
      const reduction = await BandReduction.create(on, { ...pair, batch: 3, keepReflectors: false });
      for (const [member, mode] of modes.entries()) await fill(reduction, member, pair, mode);
      await reduction.reduce();
      expect(await reduction.readBands()).toEqual(alone);
      on.dispose();
    }
  });

  for (const [m, n] of [
    [320, 256],
    [200, 330],
    [450, 200],
  ] as const) {
    it(`tiled = untiled, ${m} x ${n}`, async () => {
      const matrix = stored(m, n, heavyTailed(m, n, 41));
      const tiled = createGpuContext(held.device, { memoryCap: CAP, bindingLimit: 2 ** 18 });
      expect(await bandOf(matrix, 'base', tiled)).toEqual(await bandOf(matrix, 'base', context));
      tiled.dispose();
    });
  }
});

describe('reflectors', () => {
  it("Q' Q X = X, tall, in tiles", async () => {
    // A and X take 220 and 200 KiB
    const small = createGpuContext(held.device, { memoryCap: CAP, bindingLimit: 200_000 });
    const matrix = stored(300, 140, heavyTailed(300, 140, 51));
    const reduction = await BandReduction.create(small, { ...matrix, batch: 1, keepReflectors: true });
    await fill(reduction, 0, matrix, 'base');
    await reduction.reduce();
    const x = await createMatrix(small, 'x', 300, 160);
    const values = Float32Array.from(gaussian(x.rows, x.cols, 52));
    held.device.queue.writeBuffer(x.buffer, 0, values);
    await applyReflectors(reduction, 0, x, 'Left', false);
    const turned = new Float32Array(await small.read(x.buffer, 0, values.byteLength));
    expect(turned.some((value, i) => Math.abs(value - (values[i] ?? 0)) > 0.1)).toBe(true);
    await applyReflectors(reduction, 0, x, 'Left', true);
    const back = new Float32Array(await small.read(x.buffer, 0, values.byteLength));
    const most = back.reduce((m, value, i) => Math.max(m, Math.abs(value - (values[i] ?? 0))), 0);
    expect(most).toBeLessThan(2e-5);
    small.dispose();
  });
});

describe('ending early', () => {
  it('is cancelled before, and in the middle', async () => {
    const matrix = stored(512, 512, gaussian(512, 512, 61));
    const reduction = await BandReduction.create(context, { ...matrix, batch: 8, keepReflectors: false });
    for (let member = 0; member < 8; member++) await fill(reduction, member, matrix, 'base');
    await expect(reduction.reduce(AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
    const stop = new AbortController();
    const submit = vi.spyOn(context, 'submit');
    const reducing = reduction.reduce(stop.signal);
    let asked = 0;
    const begun = setInterval(() => {
      asked = submit.mock.calls.length;
      if (!asked) return;
      clearInterval(begun);
      stop.abort();
    }, 1);
    await expect(reducing).rejects.toMatchObject({ code: 'cancelled' });
    // one portion may be on its way
    expect(asked).toBeGreaterThan(0);
    expect(submit.mock.calls.length - asked).toBeLessThanOrEqual(1);
    submit.mockRestore();
    reduction.destroy();
    // the device and the pool go on
    const other = stored(64, 64, gaussian(64, 64, 62));
    expect((await bandOf(other, 'base', context)).length).toBe(64 * 33);
  });

  it('what does not fit is said before anything is made', async () => {
    const before = context.pool.heldBytes;
    const shape = { rows: 9000, columns: 9000, batch: 1, keepReflectors: false };
    expect(BandReduction.bytes(shape)).toBeGreaterThan(9000 * 9000 * 4);
    const refused = BandReduction.create(context, shape);
    await expect(refused).rejects.toBeInstanceOf(DeviceMemoryError);
    await expect(refused).rejects.toThrow(/reduction of 1 x 9000 x 9000.*one buffer may have 256 MiB/);
    const wide = BandReduction.create(context, { rows: 4096, columns: 4096, batch: 64, keepReflectors: false });
    await expect(wide).rejects.toThrow(/work space of a batch of 64/);
    expect(context.pool.heldBytes).toBeLessThanOrEqual(before);
  });

  it('the estimate is what is held', async () => {
    const pool = createGpuContext(held.device, { memoryCap: CAP });
    const shape = { rows: 300, columns: 500, batch: 3, keepReflectors: true };
    const reduction = await BandReduction.create(pool, shape);
    expect(pool.pool.usedBytes).toBe(BandReduction.bytes(shape));
    reduction.destroy();
    expect(pool.pool.usedBytes).toBe(0);
    pool.dispose();
  });
});

describe('counts', () => {
  it('flops follow the formula, bytes the deferred updates, QR first saves both', () => {
    const n = 4096;
    const { total, panels } = countReduction(n, n, 1);
    expect(total.flops / ((8 / 3) * n ** 3)).toBeGreaterThan(1);
    expect(total.flops / ((8 / 3) * n ** 3)).toBeLessThan(1.15);
    // A is read 2 1/4 times and written 1/4 times a step, n^3 / (3 b) weights a pass
    const passes = ((total.bytes - panels.bytes) / 4) * ((3 * 32) / n ** 3);
    expect(passes).toBeGreaterThan(2.5);
    // the textbook's order takes six passes
    expect(passes).toBeLessThan(3.5);
    expect(countReduction(n, n, 3).total).toEqual({
      ...{ dispatches: total.dispatches, flops: 3 * total.flops, bytes: 3 * total.bytes },
    });
    const tall = countReduction(14336, 4096, 1).total;
    expect(tall.flops / (2 * 14336 * n * n + 2 * n ** 3)).toBeLessThan(1.15);
  });
});
