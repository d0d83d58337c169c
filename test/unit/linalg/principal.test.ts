/** The principal mask of a reconstruction that is made in float32, against a plain sort of the one in float64. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  compileKernels,
  hasRelaxedSimd,
  KernelMemory,
  Layout,
  type Kernels,
} from '../../../src/linalg/wasm/kernels.ts';
import { PRINCIPAL } from '../../../src/linalg/wasm/masks.ts';
import { markPrincipal } from '../../../src/linalg/wasm/principal.ts';
import { planSelection } from '../../../src/linalg/wasm/select.ts';
import { gaussian } from '../matrices.ts';
import { buildWasm, type WasmBuild } from './wasmBuild.ts';

let build: WasmBuild;
let memory: KernelMemory;
let kernels: Kernels;
/** how often each product was made: in float64 the reconstruction is made only where float32 does not serve */
const made = { sgemm: 0, dgemm: 0 };
beforeAll(async () => {
  build = await buildWasm();
  memory = new KernelMemory(await compileKernels(build.kernelDirectory, hasRelaxedSimd()));
  const all = memory.reserve(64 * 2 ** 20);
  kernels = {
    ...all,
    sgemm: (...given) => {
      made.sgemm++;
      all.sgemm(...given);
    },
    dgemm: (...given) => {
      made.dgemm++;
      all.dgemm(...given);
    },
  };
});
afterAll(() => build.remove());

type Factor = (i: number, value: number) => number;
const same: Factor = (_, value) => value;
/** Rows, columns, rank; what is made of the Gaussian factors; whether float32 is to serve. */
const CASES: [name: string, sizes: [number, number, number], left: Factor, right: Factor, single: boolean][] = [
  ['Gaussian', [300, 200, 8], same, same, true],
  ['one row and one column far greater', [200, 300, 8], (i, x) => (i < 8 ? 3 * x : x), same, true],
  ['entries that come in pairs', [240, 200, 8], (i, x) => (Math.floor(i / 8) % 2 ? x : 2 * x), same, true],
  ['of one size', [200, 200, 8], () => 1, () => 0.5, false],
  ['most of them 0', [200, 200, 8], (i, x) => (i < 200 ? x : 0), same, false],
  ['all 0', [120, 130, 8], () => 0, same, false],
  ['too great for float32', [120, 130, 8], (_, x) => x * 1e40, same, false],
  ['too small for float32', [120, 130, 8], (_, x) => x * 1e-30, (_, x) => x * 1e-20, false],
  ['no room beside it', [40, 30, 30], same, same, false],
];
it.each(CASES)('%s', (_, [rows, columns, r], ofLeft, ofRight, single) => {
  const L = gaussian(rows, r, 3).map((x, i) => ofLeft(i, x));
  const R = gaussian(columns, r, 4).map((x, i) => ofRight(i, x));
  if (rows === 240) for (let i = 0; i < rows; i += 2) L.copyWithin((i + 1) * r, i * r, (i + 1) * r);
  const entries = Float64Array.from({ length: rows * columns }, (__, at) => {
    let sum = 0;
    for (let k = 0; k < r; k++)
      sum += (L[Math.floor(at / columns) * r + k] as number) * (R[(at % columns) * r + k] as number);
    return Math.abs(sum);
  });
  const order = [...entries.keys()].sort((a, b) => (entries[b] ?? 0) - (entries[a] ?? 0) || a - b);

  const layout = new Layout();
  const count = rows * columns;
  const take = (values: Float64Array): number => {
    const at = layout.take(values.byteLength);
    memory.f64(at, values.length).set(values);
    return at;
  };
  const [left, right] = [take(L), take(R)];
  const mask = layout.take(count);
  const places = { left, right, mask, selection: planSelection(layout), room: layout.take(count * 8) };
  const work = layout.take(kernels.workBytes());
  for (const size of [0, 1, Math.round(count / 3), count - 1]) {
    Object.assign(made, { sgemm: 0, dgemm: 0 });
    memory.bytes(mask, count).fill(4);
    const threshold = entries[order[Math.max(0, size - 1)] as number] as number;
    const distance = 1e-4 * (entries[order[0] as number] as number);
    const doubtful = markPrincipal(memory, kernels, { rows, columns, r, size, ...places, work }, distance);
    const marked = memory.bytes(mask, count).slice();
    // the last bits of equal sums may differ, as the order of their terms does
    const unclear = (at: number): boolean => Math.abs((entries[at] ?? 0) - threshold) <= 1e-12 * threshold;
    const expected = new Set(order.slice(0, size));
    for (let at = 0; at < count; at++)
      if (!unclear(at) || single) expect(marked[at], `entry ${at}`).toBe(expected.has(at) ? 4 | PRINCIPAL : 4);
    expect(marked.filter((bits) => bits & PRINCIPAL)).toHaveLength(size);
    const near = entries.filter((x) => Math.abs(x - threshold) <= distance).length - 1;
    if (size > 0) expect(Math.abs(doubtful - near), 'beside the threshold').toBeLessThanOrEqual(single ? 0 : 1);
    if (size === Math.round(count / 3)) expect(made.dgemm > 0, 'in float64').toBe(!single);
  }
});
