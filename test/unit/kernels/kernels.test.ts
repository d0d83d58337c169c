/** The kernels one by one against plain loops, in both builds if the engine runs both. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CELL_POSITIONS,
  cellCount,
  classCount,
  codeValue,
  decodeCodes,
  Grid,
  layoutOf,
  type GridName,
  type GridSpec,
} from '../../../src/numbers/index.ts';
import { singularValues } from '../../../src/linalg/reference/svd.ts';
import { bidiagonalValues, planExact } from '../../../src/linalg/wasm/exact.ts';
import { gridNumbers } from '../../../src/linalg/wasm/grids.ts';
import {
  compileKernels,
  hasRelaxedSimd,
  KernelMemory,
  Layout,
  type Kernels,
} from '../../../src/linalg/wasm/kernels.ts';
import { markExtreme, planSelection } from '../../../src/linalg/wasm/select.ts';
import { shapeOf, type Format } from '../../../src/linalg/wasm/source.ts';
import { planDense, planSpectrum, Spectrum } from '../../../src/linalg/wasm/spectrum.ts';
import { encode, gaussian, normal, uniform } from '../matrices.ts';
import { buildWasm, type WasmBuild } from '../linalg/wasmBuild.ts';

let build: WasmBuild;
beforeAll(async () => {
  build = await buildWasm();
});
afterAll(() => build.remove());

const never = (): void => undefined;

describe.each(hasRelaxedSimd() ? [false, true] : [false])('kernels, relaxed SIMD %s', (relaxed) => {
  let memory: KernelMemory;
  let kernels: Kernels;
  beforeAll(async () => {
    memory = new KernelMemory(await compileKernels(build.kernelDirectory, relaxed));
    kernels = memory.reserve(64 * 2 ** 20);
  });
  const put = (layout: Layout, data: Uint8Array): number => {
    const at = layout.take(data.byteLength);
    memory.bytes(at, data.byteLength).set(data);
    return at;
  };

  it.each([
    ['sgemm', 'F32', 'F32'],
    ['dgemm', 'F64', 'F64'],
    ['bsgemm', 'BF16', 'F32'],
    ['bdgemm', 'BF16', 'F64'],
    ['fdgemm', 'F32', 'F64'],
  ] as const)('%s multiplies any shape, also transposed and added to C', (name, typeA, type) => {
    for (const [m, n, k] of [
      [1, 1, 1],
      [5, 7, 3],
      [100, 13, 300],
      [97, 400, 33],
    ] as const)
      for (const transposed of [false, true]) {
        const layout = new Layout();
        const codesA = encode(typeA, gaussian(m, k, m + n));
        const codesB = encode(type, gaussian(k, n, m * n));
        const [a, b] = [decodeCodes(typeA, codesA), decodeCodes(type, codesB)];
        const [A, B] = [put(layout, codesA), put(layout, codesB)];
        const C = put(layout, encode(type, new Float64Array(m * n).fill(1)));
        const work = layout.take(kernels.workBytes());
        const [rs, cs] = transposed ? [1, m] : [k, 1];
        kernels[name](m, n, k, -0.5, A, rs, cs, B, n, 1, 1, C, n, work);
        const c = type === 'F64' ? memory.f64(C, m * n) : memory.f32(C, m * n);
        const tolerance = (type === 'F64' ? 1e-14 : 1e-5) * k;
        let worst = 0;
        for (let i = 0; i < m; i++)
          for (let j = 0; j < n; j++) {
            let sum = 0;
            for (let t = 0; t < k; t++) sum += (a[i * rs + t * cs] ?? 0) * (b[t * n + j] ?? 0);
            worst = Math.max(worst, Math.abs((c[i * n + j] ?? NaN) - (1 - 0.5 * sum)));
          }
        expect(worst, `${m} x ${n} x ${k}`).toBeLessThan(tolerance);
      }
  });

  it.each([2, 4, 8] as const)('packed once, a matrix is multiplied in float64, format %i', (format: Format) => {
    const type = format === 2 ? 'BF16' : format === 4 ? 'F32' : 'F64';
    for (const [m, n, k] of [
      [1, 1, 1],
      [7, 5, 300],
      [100, 13, 17],
      [31, 400, 260],
    ] as const)
      for (const transposed of [false, true]) {
        const layout = new Layout();
        // what is packed is in float32: weights that it holds
        const codesA = encode(type, gaussian(m, k, m + n).map(Math.fround));
        const a = decodeCodes(type, codesA);
        const b = gaussian(k, n, m * n);
        const [A, B] = [put(layout, codesA), put(layout, encode('F64', b))];
        const C = layout.take(m * (n + 3) * 8);
        const panels = layout.take(kernels.panelRows(m) * k * 4);
        const work = layout.take(kernels.workBytes());
        kernels.packPanels(format, A, m, k, k, 1, 0, m, 0.25, panels);
        memory.f64(C, m * (n + 3)).fill(7);
        const [rs, cs] = transposed ? [1, k] : [n, 1];
        kernels.panelProduct64(panels, m, k, n, -4, B, rs, cs, C, n + 3, work);
        const c = memory.f64(C, m * (n + 3));
        let worst = 0;
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            let sum = 0;
            for (let t = 0; t < k; t++) sum += (a[i * k + t] ?? 0) * (b[t * rs + j * cs] ?? 0);
            worst = Math.max(worst, Math.abs((c[i * (n + 3) + j] ?? NaN) + sum));
          }
          // what lies between the rows stays
          for (let j = n; j < n + 3; j++) expect(c[i * (n + 3) + j]).toBe(7);
        }
        expect(worst, `${m} x ${n} x ${k}`).toBeLessThan(1e-14 * k);
      }
  });

  it.each(['BF16', 'F32', 'F64'] as const)('finds the greatest weight of %s wherever it is', (type) => {
    const format = { BF16: 2, F32: 4, F64: 8 }[type];
    for (const n of [1, 2, 7, 8, 33])
      for (let at = 0; at < n; at++) {
        const values = Float64Array.from({ length: n }, (_, i) => (i === at ? -3 : Math.sin(i)));
        const layout = new Layout();
        expect(kernels.greatestWeight(format, put(layout, encode(type, values)), n), `${at} of ${n}`).toBe(3);
      }
  });

  it.each([2, 4, 8] as const)('values and vectors of a matrix, format %i', (format: Format) => {
    const type = format === 2 ? 'BF16' : format === 4 ? 'F32' : 'F64';
    for (const [rows, columns] of [
      [190, 130],
      [130, 190],
      [150, 150],
    ] as const) {
      const codes = encode(type, gaussian(rows, columns, rows));
      const data = decodeCodes(type, codes);
      const shape = shapeOf({ rows, columns });
      const k = 20;
      const layout = new Layout();
      const W = put(layout, codes);
      const plan = planSpectrum(layout, kernels, shape, planDense(layout, shape), k);
      const [X, U] = [layout.take(shape.q * k * 8), layout.take(shape.big * k * 8)];
      const spectrum = new Spectrum(memory, kernels, plan, W, format, never);
      const expected = singularValues({ rows, columns, data });
      const largest = expected[0] ?? 0;
      spectrum
        .computeValues()
        .forEach((s, i) => expect(Math.abs(s - (expected[i] ?? NaN))).toBeLessThan(1e-8 * largest));
      spectrum.iterate(k);
      spectrum.vectors(X, U, k, 0, k, false, true);
      const [x, u] = [memory.f64(X, shape.q * k), memory.f64(U, shape.big * k)];
      for (let t = 0; t < k; t++) {
        // W' u = s x for the tall matrix, W u = s x for the wide one
        let residual = 0;
        for (let i = 0; i < shape.q; i++) {
          let sum = 0;
          for (let j = 0; j < shape.big; j++) {
            const w = data[shape.tall ? j * columns + i : i * columns + j] ?? 0;
            sum += w * (u[j * k + t] ?? 0);
          }
          residual += (sum - (expected[t] ?? 0) * (x[i * k + t] ?? 0)) ** 2;
        }
        expect(Math.sqrt(residual)).toBeLessThan(1e-9 * largest);
      }
    }
  });

  it('singular values by bidiagonalisation keep every digit, zeros too', () => {
    for (const [rows, columns] of [
      [60, 60],
      [40, 90],
      [90, 41],
      [5, 1],
    ] as const) {
      const shape = shapeOf({ rows, columns });
      const rank = Math.ceil(shape.q / 3);
      const [a, b] = [gaussian(rows, rank, 1), gaussian(rank, columns, 2)];
      const data = new Float64Array(rows * columns);
      for (let i = 0; i < rows; i++)
        for (let t = 0; t < rank; t++)
          for (let j = 0; j < columns; j++)
            data[i * columns + j] = (data[i * columns + j] ?? 0) + (a[i * rank + t] ?? 0) * (b[t * columns + j] ?? 0);
      const layout = new Layout();
      const W = put(layout, encode('F64', data));
      const plan = planExact(layout, kernels, shape);
      const expected = singularValues({ rows, columns, data });
      const actual = bidiagonalValues(memory, kernels, plan, shape, W, 8);
      expect(actual.length).toBe(shape.q);
      actual.forEach((s, i) => expect(Math.abs(s - (expected[i] ?? NaN))).toBeLessThan(1e-13 * (expected[0] ?? 0)));
    }
  });

  it('marks the largest and the smallest, ties to the lowest index', () => {
    const random = uniform(3);
    for (const format of [2, 4, 8] as const)
      for (const levels of [1, 3, 1e6]) {
        const count = 5003;
        const type = format === 2 ? 'BF16' : format === 4 ? 'F32' : 'F64';
        const codes = encode(
          type,
          Float64Array.from({ length: count }, () => (Math.floor(random() * levels) - levels / 2) / 7),
        );
        const size = decodeCodes(type, codes).map(Math.abs);
        const layout = new Layout();
        const values = put(layout, codes);
        const [mask, histogram] = [layout.take(count), planSelection(layout)];
        for (const largest of [true, false])
          for (const wanted of [0, 1, 1500, count]) {
            const marks = memory.bytes(mask, count).fill(0);
            markExtreme(memory, kernels, histogram, { format, values, count, size: wanted, largest, flag: 2, mask });
            const order = [...size.keys()].sort((i, j) => {
              const d = (size[j] ?? 0) - (size[i] ?? 0);
              return (largest ? d : -d) || i - j;
            });
            const expected = new Uint8Array(count);
            for (const i of order.slice(0, wanted)) expected[i] = 2;
            expect(Buffer.compare(marks.slice(), expected), `${type} ${levels} ${largest} ${wanted}`).toBe(0);
          }
      }
  });

  it('counts weights by the classes of every grid, on it and inside its cells', () => {
    const next = normal(5);
    const random = uniform(6);
    for (const name of [
      'BF16',
      'F16',
      'F8_E4M3',
      'F8_E5M2',
      'F8_E4M3FNUZ',
      'F8_E5M2FNUZ',
    ] as const satisfies GridName[])
      for (const onGrid of [true, false]) {
        const grid = new Grid(name);
        const spec: GridSpec = { grid: name, onGrid };
        const count = 20_000;
        const { emin, most, p } = gridNumbers(name);
        const draw = (): number => {
          if (random() < 0.05) return 0;
          const x = next() * (random() < 0.3 ? 2 ** (emin - p + 3 * random()) : Math.min(most / 8, 1));
          return Math.fround(onGrid ? grid.round(x) : random() < 0.1 ? 2 ** Math.floor(Math.log2(Math.abs(x))) : x);
        };
        const w0 = Float64Array.from({ length: count }, draw);
        const w1 = w0.map((w) => (random() < 0.5 ? w : draw()));
        const layout = new Layout();
        const [a, b] = [put(layout, encode('F32', w0)), put(layout, encode('F32', w1))];
        const mask = layout.take(count);
        memory.bytes(mask, count).forEach((_, i, bytes) => (bytes[i] = i % 4));
        const cells = cellCount(spec);
        const hist = layout.take(cells * 8 * 4);
        memory.u32(hist, cells * 8).fill(0);
        const width = onGrid ? classCount(name) : classCount(name) * CELL_POSITIONS;
        const zeros = kernels.countClasses(4, a, b, mask, count, p, emin, most, onGrid ? 1 : 0, width, hist);
        const expected = new Uint32Array(cells * 8);
        w0.forEach((w, i) => {
          if (w === 0) return;
          const changed = grid.round(w) === grid.round(w1[i] ?? 0) ? 0 : 1;
          const slot = ((i % 4) * cells + grid.cellOf(w, !onGrid)) * 2 + changed;
          expected[slot] = (expected[slot] ?? 0) + 1;
        });
        expect(zeros).toBe(w0.filter((w) => w === 0).length);
        const apart = memory.u32(hist, cells * 8).reduce((sum, n, i) => sum + Math.abs(n - (expected[i] ?? 0)), 0);
        expect(apart, `${name} ${onGrid}`).toBe(0);
      }
  });

  it('decodes every f16 code', () => {
    const layout = new Layout();
    const codes = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const source = put(layout, new Uint8Array(codes.buffer));
    const target = layout.take(65536 * 4);
    kernels.f16ToF32(source, target, 65536);
    expect(memory.f32(target, 65536).every((x, i) => Object.is(x, Math.fround(codeValue(i, layoutOf('F16')))))).toBe(
      true,
    );
  });
});
