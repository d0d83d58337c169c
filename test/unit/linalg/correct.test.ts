/** Leading vectors refined by rounds in float32, against the singular vectors of the float64 reference. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { svd } from '../../../src/linalg/reference/svd.ts';
import {
  compileKernels,
  hasRelaxedSimd,
  KernelMemory,
  Layout,
  type Kernels,
} from '../../../src/linalg/wasm/kernels.ts';
import { planRefine, refineLeading } from '../../../src/linalg/wasm/refine.ts';
import { shapeOf } from '../../../src/linalg/wasm/source.ts';
import { gaussian } from '../matrices.ts';
import { buildWasm, type WasmBuild } from './wasmBuild.ts';

const [ROWS, COLUMNS, R, COUNT] = [300, 200, 8, 16];
/** Of the vectors that it starts from. */
const NOISE = 1e-6;

let build: WasmBuild;
let memory: KernelMemory;
let all: Kernels;
beforeAll(async () => {
  build = await buildWasm();
  memory = new KernelMemory(await compileKernels(build.kernelDirectory, hasRelaxedSimd()));
  all = memory.reserve(64 * 2 ** 20);
});
afterAll(() => build.remove());

/** Values that fall slowly, so that one round is not enough; between the last wanted one and the next lies `gap`. */
function matrixOf(gap: number): Float32Array {
  const { left: u, right: v } = svd({ rows: ROWS, columns: COLUMNS, data: gaussian(ROWS, COLUMNS, 5) });
  const s = Float64Array.from({ length: COLUMNS }, (_, i) => (i < R ? 1 + gap : 1) * (1 + i) ** -0.4);
  return Float32Array.from({ length: ROWS * COLUMNS }, (_, at) => {
    const [i, j] = [Math.floor(at / COLUMNS), at % COLUMNS];
    return s.reduce((sum, value, k) => sum + value * (u[k]?.[i] ?? 0) * (v[k]?.[j] ?? 0), 0);
  });
}

it.each([0, 0.05])('needs no second product of the basis in float64, with a gap of %f', (gap) => {
  const W = matrixOf(gap);
  const exact = svd({ rows: ROWS, columns: COLUMNS, data: Float64Array.from(W) });
  let products = 0;
  let rounds = 0;
  const kernels: Kernels = {
    ...all,
    panelProduct64: (...given) => {
      products++;
      all.panelProduct64(...given);
    },
    // R directions fit one block
    gramProduct: (...given) => {
      rounds++;
      all.gramProduct(...given);
    },
  };
  const layout = new Layout();
  const shape = shapeOf({ rows: ROWS, columns: COLUMNS });
  const matrix = layout.take(W.byteLength);
  memory.f32(matrix, W.length).set(W);
  const panels = layout.take(kernels.panelRows(ROWS) * COLUMNS * 4);
  kernels.packPanels(4, matrix, ROWS, COLUMNS, COLUMNS, 1, 0, ROWS, 1, panels);
  const plan = planRefine(layout, kernels, shape, { count: COUNT, r: R, packed: true });
  const [X, Y] = [layout.take(COLUMNS * R * 8), layout.take(ROWS * R * 8)];
  const noise = gaussian(COLUMNS, COUNT, 6);
  const vectors = noise.map(
    (x, at) => (exact.right[at % COUNT]?.[Math.floor(at / COUNT)] ?? 0) + (NOISE / Math.sqrt(COLUMNS)) * x,
  );
  const input = { vectors, count: COUNT, values: exact.values, besideResidual: NOISE };
  const target = { shape, matrix, format: 4 as const, packed: { panels, scale: 1 }, r: R, X, Y };
  const refined = refineLeading(
    memory,
    kernels,
    plan,
    input,
    { ...target, work: layout.take(kernels.workBytes()), inDoubt: 1e-3 },
    () => undefined,
  );
  expect(refined.settled).toBe(true);
  expect({ products, rounds }).toEqual({ products: 1, rounds: 2 });
  refined.values.forEach((s, i) => expect(Math.abs(s - (exact.values[i] ?? NaN))).toBeLessThan(1e-12));
  // norm(Y X' - U S V')
  const [x, y] = [memory.f64(X, COLUMNS * R), memory.f64(Y, ROWS * R)];
  let squares = 0;
  for (let i = 0; i < ROWS; i++)
    for (let j = 0; j < COLUMNS; j++) {
      let off = 0;
      for (let k = 0; k < R; k++)
        off +=
          (y[i * R + k] ?? NaN) * (x[j * R + k] ?? NaN) -
          (exact.values[k] ?? NaN) * (exact.left[k]?.[i] ?? NaN) * (exact.right[k]?.[j] ?? NaN);
      squares += off * off;
    }
  expect(Math.sqrt(squares)).toBeLessThan(2 * refined.error);
});
