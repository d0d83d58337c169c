/** How soon a cancelled task ends, in multiply-adds that are done after the flag is up: the kernels say what they do, and clocks say nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AlignTask } from '../../../src/linalg/wasm/align.ts';
import { compileKernels, hasRelaxedSimd, KernelMemory, type Kernels } from '../../../src/linalg/wasm/kernels.ts';
import { PairTask } from '../../../src/linalg/wasm/pair.ts';
import { buildWasm, type WasmBuild } from '../linalg/wasmBuild.ts';
import type { Matrix } from '../../../src/linalg/backend.ts';
import { encode, normal } from '../matrices.ts';

/** 2^24 multiply-adds: a few milliseconds. */
const MOST = 2 ** 24;
const ORDER = 4096;
const BAND = 16;
/** of a band, and of a matrix of float64 */
const LDS = BAND + 4;
const LD = ORDER + 24;

let build: WasmBuild;
let module: WebAssembly.Module;
beforeAll(async () => {
  build = await buildWasm();
  module = await compileKernels(build.kernelDirectory, hasRelaxedSimd());
});
afterAll(() => build.remove());

type Values = Float64Array<ArrayBuffer>;
class Cancelled extends Error {}

/** Kernels with room for `bytes`, and what they say of their work; the flag goes up in call `raiseAt`, and the next one ends the kernel. */
function watched(bytes: number, raiseAt = Infinity) {
  const seen = { calls: 0, work: 0, most: 0 };
  const memory = new KernelMemory(module, (multiplyAdds) => {
    seen.calls++;
    seen.work += multiplyAdds;
    seen.most = Math.max(seen.most, multiplyAdds);
    if (seen.calls > raiseAt) throw new Cancelled();
  });
  return { memory, kernels: memory.reserve(bytes), seen };
}

/** Each long kernel over matrices of order n; what they hold is zeros, and some lie over others, as none gets far. */
const LONG: readonly (readonly [
  name: string,
  run: (kernels: Kernels, n: number, at: (bytes: number) => number) => void,
])[] = [
  ['dgemm', (k, n, at) => k.dgemm(n, n, n, 1, at(0), n, 1, at(0), n, 1, 0, at(0), n, at(n * n * 8))],
  ['bsgemm', (k, n, at) => k.bsgemm(n, n, n, 1, at(0), 1, n, at(0), n, 1, 0, at(0), n, at(n * n * 8))],
  ['gram16', (k, n, at) => k.gram16(at(0), n, n, 1, at(0), n + 24, 0, n, at((n + 24) * (n + 8) * 8))],
  [
    'bandReduce',
    (k, n, at) => {
      const after = (n + 24) * (n + 8) * 8;
      k.bandReduce(
        at(0),
        n + 24,
        n,
        BAND,
        at(0),
        n + 24,
        at(after),
        at(after + n * 8),
        LDS,
        at(after + n * (LDS + 1) * 8),
      );
    },
  ],
  ['bandToTridiagonal', (k, n, at) => k.bandToTridiagonal(at(0), LDS, n, BAND, at(n * LDS * 8), at(n * (LDS + 1) * 8))],
  [
    'bandVectorsFast',
    (k, n, at) => {
      const lam = n * LDS * 8;
      const rows = lam + n * 16;
      k.bandVectorsFast(at(0), LDS, n, BAND, at(lam), 0, 64, at(rows), n, 1, at(lam + n * 8), at(rows + 64 * n * 8));
    },
  ],
  [
    'bandVectors',
    (k, n, at) => {
      const rows = n * (LDS + 1) * 8;
      k.bandVectors(at(0), LDS, n, BAND, at(n * LDS * 8), 0, 8, at(rows), n, 1, 1e-10, at(rows + 8 * n * 8));
    },
  ],
  [
    'backTransform32',
    (k, n, at) => {
      const after = (n + 24) * (n + 1) * 8;
      k.backTransform32(
        at(0),
        n + 24,
        n,
        BAND,
        at(after),
        at(after + n * 8),
        512,
        512,
        at(after + n * 8 + n * 512 * 4),
      );
    },
  ],
  ['bidiagonalize', (k, n, at) => k.bidiagonalize(at(0), n, n, n, at(n * n * 8), at(n * n * 8 + n * 16))],
  ['jacobiSweep', (k, n, at) => void k.jacobiSweep(at(0), n, n, n, at(0), n)],
  ['packPanels', (k, n, at) => k.packPanels(2, at(0), n, n, n, 1, 0, n, 1, at(n * n * 2))],
  ['gramProduct', (k, n, at) => k.gramProduct(at(0), n, n, at(0), at(n * n * 4 + 2 ** 20), 0, at(n * n * 4 + 2 ** 22))],
  [
    'panelProduct64',
    (k, n, at) =>
      k.panelProduct64(at(0), n, n, 64, 1, at(0), 64, 1, at(n * n * 4 + 2 ** 20), 64, at(n * n * 4 + 2 ** 22)),
  ],
  ['collectWithin', (k, n, at) => void k.collectWithin(at(0), n * n, 1, 2, at(n * n * 4), 16)],
  ['countDigits', (k, n, at) => k.countDigits(8, at(0), n * n, 0, 64, 0n, at(n * n * 8))],
  ['markBeyond', (k, n, at) => void k.markBeyond(8, at(0), n * n, 0n, 1, 0, 1, at(n * n * 8))],
];

describe('work between two looks at the flag', () => {
  it.each(LONG)(`of %s at order ${ORDER}`, (_, run) => {
    const { kernels, seen } = watched((LD + 600) * (ORDER + 8) * 8 + 2 ** 25, 2);
    expect(() => run(kernels, ORDER, (bytes) => 4096 + bytes)).toThrow(Cancelled);
    expect(seen.calls).toBe(3);
    expect(seen.most).toBeLessThanOrEqual(MOST);
  });

  it('what the kernels say is what they do', () => {
    const n = 200;
    const { memory, kernels, seen } = watched(2 ** 24);
    const worked = (run: () => void): number => {
      seen.work = 0;
      run();
      return seen.work / n ** 3;
    };
    const [A, VT, tau, S, d, e, work] = [0, 1, 2, 3, 4, 5, 6].map((i) => 4096 + i * 2 ** 20) as [
      ...[number, number, number, number, number, number, number],
    ];
    const W = memory.f64(VT, n * n);
    for (let i = 0; i < W.length; i++) W[i] = Math.sin(i * i);
    expect(worked(() => kernels.dgemm(n, n, n, 1, VT, n, 1, VT, n, 1, 0, A, n, work))).toBe(1);
    // half of the products, and the tiles on the diagonal whole
    const gram = worked(() => kernels.gram64(VT, n, n, 1, A, n + 24, 0, n, work));
    expect(gram).toBeGreaterThan(0.5);
    expect(gram).toBeLessThan(1);
    // 4/3 n^3 flops, and here, too, tiles and panels are whole
    const reduction = worked(() => kernels.bandReduce(A, n + 24, n, BAND, VT, n + 24, tau, S, LDS, work));
    expect(reduction).toBeGreaterThan(2 / 3);
    expect(reduction).toBeLessThan(2);
    // 3 n^2 b: a rotation of two rows and two columns for every b-th row under each of b entries of n columns
    const tail = worked(() => kernels.bandToTridiagonal(S, LDS, n, BAND, d, e));
    expect(tail).toBeGreaterThan((1.4 * BAND) / n);
    expect(tail).toBeLessThan((4 * BAND) / n);
    // two rotations or so a value, of all that are left
    const values = worked(() => void kernels.tridiagonalValues(n, d, e));
    expect(values).toBeGreaterThan(4 / n);
    expect(values).toBeLessThan(24 / n);
  });
});

describe('a task that is cancelled', () => {
  /** A few strong directions over a bulk: the short way of alignment is taken. */
  const pair = (rows: number, columns: number): [base: Matrix, tuned: Matrix] => {
    const next = normal(1);
    const base = Float64Array.from({ length: rows * columns }, () => 0.02 * next());
    for (let term = 1; term <= 24; term++) {
      const [left, right] = [rows, columns].map((n) => Float64Array.from({ length: n }, next)) as [Values, Values];
      for (let i = 0; i < base.length; i++)
        base[i] = (base[i] ?? 0) + ((left[Math.floor(i / columns)] ?? 0) * (right[i % columns] ?? 0)) / term;
    }
    const matrix = (values: Values): Matrix => ({ rows, columns, type: 'F32', data: encode('F32', values) });
    return [matrix(base), matrix(base.map((w) => w + 1e-4 * next()))];
  };
  const [base, tuned] = pair(540, 520);
  const settings = { alpha: 0.3, grid: { grid: 'BF16', onGrid: false } } as const;
  const tasks = {
    pair: (memory: KernelMemory, check: () => void) =>
      new PairTask(memory, base, tuned, { ...settings, angleRank: 64, maskRank: 16 }, null, check).run(),
    alignment: (memory: KernelMemory, check: () => void) =>
      new AlignTask(memory, base, tuned, { ...settings, maskRank: 8 }, check).run(),
  };
  it.each(['pair', 'alignment'] as const)('%s ends within a tile, wherever it is', { timeout: 120_000 }, (name) => {
    const run = (limit: number): { work: number; most: number; after: number } => {
      const seen = { work: 0, most: 0, after: 0 };
      let isRaised = false;
      const check = (): void => {
        if (isRaised) throw new Cancelled();
      };
      const memory = new KernelMemory(module, (multiplyAdds) => {
        seen.work += multiplyAdds;
        seen.most = Math.max(seen.most, multiplyAdds);
        if (isRaised) seen.after += multiplyAdds;
        check();
        isRaised = seen.work >= limit;
      });
      if (limit === Infinity) tasks[name](memory, check);
      else expect(() => tasks[name](memory, check)).toThrow(Cancelled);
      return seen;
    };
    const whole = run(Infinity);
    expect(whole.most).toBeLessThanOrEqual(MOST);
    for (const share of [0.05, 0.35, 0.65, 0.95]) {
      const { work, after } = run(share * whole.work);
      expect(after).toBeLessThanOrEqual(MOST);
      expect(work).toBeLessThanOrEqual(share * whole.work + 2 * MOST);
    }
  });
});
