import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LinearAlgebraBackend } from '../../../src/linalg/backend.ts';
import { decodeCodes, type MatrixType } from '../../../src/numbers/index.ts';
import { fitNoise, noiseOf } from '../../../src/linalg/noise.ts';
import { createReferenceBackend } from '../../../src/linalg/reference/index.ts';
import { createWasmBackend } from '../../../src/linalg/wasm/index.ts';
import { matrix, weightLike } from '../matrices.ts';
import { buildWasm, type WasmBuild } from './wasmBuild.ts';

/** From the definition, in arbitrary integers. */
function defined(seed: bigint, i: bigint): number {
  const mask = (1n << 64n) - 1n;
  let sum = 0n;
  for (let j = 0n; j < 3n; j++) {
    let z = (seed + (3n * i + j + 1n) * 0x9e3779b97f4a7c15n) & mask;
    z ^= z >> 30n;
    z = (z * 0xbf58476d1ce4e5b9n) & mask;
    z ^= z >> 27n;
    z = (z * 0x94d049bb133111ebn) & mask;
    z ^= z >> 31n;
    for (let quarter = 0n; quarter < 4n; quarter++) sum += (z >> (16n * quarter)) & 0xffffn;
  }
  return Number(sum - 6n * 65535n) / 65536;
}

describe('the generator of the noise', () => {
  it('gives the first weights of seed 11 bit for bit', () => {
    const first = [-1.8977813720703125, -1.3320159912109375, -0.4181060791015625, -0.7676239013671875];
    expect([...noiseOf(11n, 0, 4)]).toEqual(first);
  });
  it('is its definition for any seed and place', () => {
    for (const seed of [0n, 1n, 2455024642836832549n, (1n << 64n) - 1n])
      for (const first of [0, 12345, 2 ** 33 + 1])
        for (const [i, value] of noiseOf(seed, first, 20).entries())
          expect(value).toBe(defined(seed, BigInt(first + i)));
  });
  it('has mean 0 and variance 1', () => {
    const values = noiseOf(3n, 0, 100_000);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(values.length));
    expect(Math.abs(values.reduce((a, b) => a + b * b, 0) / values.length - 1)).toBeLessThan(0.02);
  });
});

describe('the size of the noise', () => {
  it('is fitted; a step that jumps over the norm is found to the last digit', () => {
    expect(fitNoise(3, 100, (t) => t * t)).toBeCloseTo(Math.sqrt(3), 5);
    expect(fitNoise(3e-9, 100, (t) => 1e12 * t)).toBeCloseTo(3e-21, 26);
    for (const norm of [1.2, 1.8]) expect(fitNoise(norm, 1, (t) => (t < 5 ? 1 : 2))).toBeCloseTo(5, 14);
  });
});

describe('the twin of a matrix', () => {
  let build: WasmBuild;
  let wasm: LinearAlgebraBackend;
  beforeAll(async () => {
    build = await buildWasm();
    wasm = await createWasmBackend({ ...build, threads: 1 });
  });
  afterAll(async () => {
    await wasm?.dispose();
    build?.remove();
  });
  const types: MatrixType[] = ['BF16', 'F16', 'F32', 'F64'];
  it.each(types.flatMap((type) => [3e-3, 0.01, 0.5].map((share) => ({ type, share }))))(
    'of $type at $share of its norm has that norm, and the same codes on both CPU backends',
    async ({ type, share }) => {
      const base = matrix(90, 70, type, weightLike(90, 70, 5));
      const values = decodeCodes(type, base.data);
      const norm = share * Math.hypot(...values);
      const options = { seed: 2455024642836832549n, norm, grid: null };
      const [twin, expected] = [
        await wasm.noiseTwin(base, options),
        await createReferenceBackend().noiseTwin(base, options),
      ];
      expect(twin.type).toBe(type);
      expect(Buffer.from(twin.data)).toEqual(Buffer.from(expected.data));
      const moved = decodeCodes(type, twin.data).map((w, i) => w - (values[i] ?? 0));
      expect(Math.abs(Math.hypot(...moved) / norm - 1)).toBeLessThan(1e-3);
    },
  );
  it('of F8 stays on its grid', async () => {
    const values = weightLike(40, 30, 9).map((w) => Math.sign(w) * 2 ** Math.round(Math.log2(Math.abs(w) + 2 ** -6)));
    const base = matrix(40, 30, 'F32', values);
    const options = { seed: 1n, norm: 0.2 * Math.hypot(...values), grid: 'F8_E4M3' } as const;
    const [twin, expected] = [
      await wasm.noiseTwin(base, options),
      await createReferenceBackend().noiseTwin(base, options),
    ];
    expect(Buffer.from(twin.data)).toEqual(Buffer.from(expected.data));
    for (const w of decodeCodes('F32', twin.data)) {
      const spacing = 2 ** (Math.max(-6, Math.floor(Math.log2(Math.abs(w) || 1))) - 3);
      expect(Math.abs(w) % spacing).toBe(0);
    }
  });
});
