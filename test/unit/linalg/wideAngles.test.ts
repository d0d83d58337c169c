/**
 * Principal angles near a right one, on every backend. There the cosine has to be a singular value of its own: sqrt(1 - sine^2) from a
 * sine that is right to float32's accuracy e = 2^-24 is off by sqrt(2 e) = 3e-4, some hundred times what the contract allows.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LinearAlgebraBackend, Matrix, PairOptions } from '../../../src/linalg/backend.ts';
import { createReferenceBackend } from '../../../src/linalg/reference/index.ts';
import { createWasmBackend, type WasmBackend } from '../../../src/linalg/wasm/index.ts';
import { createWebGpuBackend } from '../../../src/linalg/webgpu/index.ts';
import { buildWasm, type WasmBuild } from './wasmBuild.ts';
import { encode, gaussian } from './wasmCases.ts';
import { openTestDevice, type TestDevice } from './webgpu/device.ts';

/** Large enough for the WASM backend to take float32 vectors, which the angles are to be right for. */
const SIDE = 160;
/**
 * Degrees, ascending: on both sides of the 30 from which the cosine form is taken, up to a right angle. None of 60, whose cosine is the
 * limit of an intruder dimension: which side of it a vector lies on would rightly be computed again.
 */
const ANGLES = [1, 20, 29, 31, 44, 46, 62, 80, 89, 89.9, 89.99, 90];
const K = ANGLES.length;

/** Orthonormal rows from a fixed seed (modified Gram-Schmidt, twice). */
function orthonormal(count: number, seed: number): Float64Array[] {
  const next = gaussian(seed);
  const rows: Float64Array[] = [];
  for (let i = 0; i < count; i++) {
    const row = Float64Array.from({ length: SIDE }, next);
    for (const other of [...rows, ...rows]) {
      const part = row.reduce((sum, x, n) => sum + x * (other[n] ?? 0), 0);
      row.forEach((x, n) => (row[n] = x - part * (other[n] ?? 0)));
    }
    const length = Math.hypot(...row);
    rows.push(row.map((x) => x / length));
  }
  return rows;
}

/** The sum of s_i u_i v_i', with values well apart, so that the leading subspaces are determined; another scale is another spectrum. */
function matrix(left: readonly Float64Array[], right: readonly Float64Array[], scale: number): Matrix {
  const data = new Float64Array(SIDE * SIDE);
  for (const [i, u] of left.entries())
    for (let row = 0; row < SIDE; row++)
      for (let column = 0; column < SIDE; column++)
        data[row * SIDE + column] =
          (data[row * SIDE + column] ?? 0) + scale * (1 - (0.5 * i) / K) * (u[row] ?? 0) * (right[i]?.[column] ?? 0);
  return { rows: SIDE, columns: SIDE, type: 'F32', data: encode('F32', data) };
}
/** Each of the first K rows turned by its angle, toward a row of its own of the second K. */
const turned = (rows: readonly Float64Array[]): Float64Array[] =>
  ANGLES.map((degrees, i) => {
    const angle = (degrees * Math.PI) / 180;
    return Float64Array.from(rows[i] ?? [], (x, n) => Math.cos(angle) * x + Math.sin(angle) * (rows[K + i]?.[n] ?? 0));
  });

const left = orthonormal(2 * K, 1);
const right = orthonormal(2 * K, 2);
const base = matrix(left.slice(0, K), right.slice(0, K), 1);
const tuned = matrix(turned(left), turned(right), 1.1);
const options: PairOptions = {
  maskRank: 4,
  angleRank: K,
  alpha: 0.3,
  grid: { grid: 'BF16', onGrid: false },
};
/** The contract's 1e-6, and the rounding of both matrices to float32: 2^-24 of an entry, 2^-24 sqrt(n) of the norm, twice. */
const TOLERANCE = 1e-6 + 2 * 2 ** -24 * Math.sqrt(SIDE);

let build: WasmBuild;
let cpu: WasmBackend;
let held: TestDevice;
const backends = new Map<string, LinearAlgebraBackend>([['reference', createReferenceBackend()]]);
beforeAll(async () => {
  build = await buildWasm();
  cpu = await createWasmBackend({ ...build, threads: 2 });
  held = await openTestDevice();
  backends.set('WASM', cpu);
  backends.set(
    'WebGPU',
    await createWebGpuBackend({ device: held.device, adapterName: held.name, cpu, tail: cpu.tail, memoryCap: 2 ** 30 }),
  );
});
afterAll(async () => {
  await backends.get('WebGPU')?.dispose();
  held?.device.destroy();
  await held?.device.lost;
  await cpu?.dispose();
  build?.remove();
});

describe.each(['reference', 'WASM', 'WebGPU'])('angles up to 90 degrees on %s', (name) => {
  it('have the cosines, and the sines, that the matrices were made with', async () => {
    const quantities = await backends.get(name)?.comparePair(base, tuned, options);
    expect(quantities?.recomputed ?? []).toEqual([]);
    for (const side of ['anglesU', 'anglesV'] as const) {
      const angles = quantities?.[side];
      expect(angles?.cosines).toHaveLength(K);
      for (const [i, degrees] of ANGLES.entries()) {
        const radians = (degrees * Math.PI) / 180;
        expect(Math.abs((angles?.cosines[i] ?? NaN) - Math.cos(radians)), `${side}: cosine of ${degrees}`).toBeLessThan(
          TOLERANCE,
        );
        expect(Math.abs((angles?.sines[i] ?? NaN) - Math.sin(radians)), `${side}: sine of ${degrees}`).toBeLessThan(
          TOLERANCE,
        );
      }
    }
  });
});
