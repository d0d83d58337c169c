import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LinearAlgebraBackend, Matrix } from '../../../src/linalg/backend.ts';
import { createReferenceBackend } from '../../../src/linalg/reference/index.ts';
import { createWasmBackend } from '../../../src/linalg/wasm/index.ts';
import { decodeCodes } from '../../../src/numbers/index.ts';
import { hasRelaxedSimd } from '../../../src/linalg/wasm/kernels.ts';
import { close, expectSame } from './agreement.ts';
import { buildWasm, type WasmBuild } from './wasmBuild.ts';
import { CASES, pairOf, SEVERAL_CASES, severalOf, type PairCase } from './wasmCases.ts';
import { oncePer } from './oncePer.ts';

const reference = createReferenceBackend();
/** What the reference gives, which takes it seconds: once for both builds. */
const expected = {
  pair: oncePer((item: PairCase) => {
    const { base, tuned, options } = pairOf(item);
    return reference.comparePair(base, tuned, options);
  }),
  several: oncePer((item: PairCase) => {
    const { base, tuned, options } = severalOf(item);
    return reference.comparePair(base, tuned, options);
  }),
};
let build: WasmBuild;
beforeAll(async () => {
  build = await buildWasm();
});
afterAll(() => build.remove());

describe.each(hasRelaxedSimd() ? [false, true] : [false])('WASM backend, relaxed SIMD %s', (relaxed) => {
  let backend: LinearAlgebraBackend;
  beforeAll(async () => {
    backend = await createWasmBackend({ ...build, threads: 2, relaxed });
  });
  afterAll(() => backend.dispose());

  it.each(CASES)('$name agrees with the float64 reference', async (item) => {
    const { base, tuned, options } = pairOf(item);
    const [actual, known] = await Promise.all([backend.comparePair(base, tuned, options), expected.pair(item)]);
    expectSame(actual, known, item);
    const values = await backend.singularValues(base, {});
    values.forEach((s, i) => close(s, known.baseValues[i] ?? NaN, 1e-6 * (known.baseValues[0] ?? 0), 0, `s[${i}]`));
    expect(values.length).toBe(known.baseValues.length);
  });

  it.each(CASES.filter(({ name, rows, columns }) => rows * columns < 3000 || name === 'square BF16'))(
    '$name with its twin',
    async (item) => {
      const { base, tuned, options } = pairOf(item);
      const norm = 0.01 * Math.hypot(...decodeCodes(base.type, base.data));
      if (!(norm > 0)) return;
      const noise = { seed: 7n, norm, grid: null };
      const [twin, expectedTwin] = await Promise.all([
        backend.noiseTwin(base, noise),
        reference.noiseTwin(base, noise),
      ]);
      expect(Buffer.from(twin.data)).toEqual(Buffer.from(expectedTwin.data));
      const [actual, expected] = await Promise.all([
        backend.comparePair(base, tuned, { ...options, others: [twin] }),
        reference.comparePair(base, tuned, { ...options, others: [twin] }),
      ]);
      expect(expected.others?.[0]?.tunedValues).not.toEqual(expected.tunedValues);
      expectSame(actual, expected, item);
    },
  );

  it.each(SEVERAL_CASES)('$name as three tuned sides, with the directions of each update', async (item) => {
    const { base, tuned, options } = severalOf(item);
    const [actual, known] = await Promise.all([backend.comparePair(base, tuned, options), expected.several(item)]);
    expect(actual.others).toHaveLength(2);
    expect(actual.others?.[0]?.updateRight).toBeNull();
    expectSame(actual, known, item);
  });

  it.each(['BF16', 'F32', 'F64'] as const)(
    'a pair of %s shared by idle threads is the pair of one thread',
    async (type) => {
      const item: PairCase = { name: type, rows: 560, columns: 520, type, kind: 'normal', determined: true };
      const { base, tuned, options } = pairOf(item);
      const alone = await createWasmBackend({ ...build, threads: 1, relaxed });
      const many = await createWasmBackend({ ...build, threads: 3, relaxed });
      try {
        const expected = await alone.comparePair(base, tuned, options);
        const results = await Promise.all([
          many.comparePair(base, tuned, options),
          many.comparePair(tuned, base, options),
        ]);
        const [actual, swapped] = results;
        expectSame(actual, expected, item);
        expect(swapped.baseValues).toEqual(expected.tunedValues);
        expect(swapped.updateValues).toEqual(expected.updateValues);
      } finally {
        await Promise.all([alone.dispose(), many.dispose()]);
      }
    },
  );

  // how soon: test/unit/kernels/worked.test.ts
  it('stops in the middle at a cancel and goes on working', async () => {
    const { base, tuned, options } = pairOf({
      name: 'large',
      rows: 1024,
      columns: 1024,
      type: 'F32',
      kind: 'normal',
      determined: true,
    });
    const controller = new AbortController();
    const running = backend.comparePair(base, tuned, { ...options, signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    const small: Matrix = { rows: 1, columns: 1, type: 'F32', data: new Uint8Array(new Float32Array([-3]).buffer) };
    expect([...(await backend.singularValues(small, {}))]).toEqual([3]);
  });

  it('refuses bytes that do not fit the shape', async () => {
    const wrong: Matrix = { rows: 2, columns: 3, type: 'BF16', data: new Uint8Array(10) };
    await expect(backend.singularValues(wrong, {})).rejects.toMatchObject({ code: 'bug' });
  });
});
