import { deserialize, serialize } from 'node:v8';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BaseFactors, Matrix, PairOptions, PairQuantities } from '../../../src/linalg/backend.ts';
import { createWasmBackend, type WasmBackend } from '../../../src/linalg/wasm/index.ts';
import { buildWasm, type WasmBuild } from './wasmBuild.ts';
import { CASES, pairOf, severalOf, SEVERAL_CASES } from './wasmCases.ts';

let build: WasmBuild;
let backend: WasmBackend;
beforeAll(async () => {
  build = await buildWasm();
  backend = await createWasmBackend({ ...build, threads: 2 });
});
afterAll(async () => {
  await backend?.dispose();
  build?.remove();
});

const compare = async (
  { base, tuned, options }: { base: Matrix; tuned: Matrix; options: PairOptions },
  more: Partial<PairOptions> = {},
): Promise<{ quantities: PairQuantities; factors: BaseFactors | null }> => {
  const { factors = null, ...quantities } = await backend.comparePair(base, tuned, { ...options, ...more });
  return { quantities, factors };
};
/** As they come back from a disk. */
const stored = (factors: BaseFactors): BaseFactors => deserialize(serialize(factors)) as BaseFactors;
/** The same bits: -0 and NaN told apart, too. */
const bits = (quantities: PairQuantities): string => serialize(quantities).toString('base64');

describe('the factors of a base', () => {
  test.each([
    ...CASES.map((item) => [item.name, pairOf(item)] as const),
    ...SEVERAL_CASES.filter((_, i) => i % 6 === 0).map(
      (item) => [`${item.name}, several sides`, severalOf(item)] as const,
    ),
  ])('kept and given again make the same bits: %s', async (_, pair) => {
    const fresh = await compare(pair);
    const keeping = await compare(pair, { keepFactors: true });
    expect(fresh.factors).toBeNull();
    expect(bits(keeping.quantities)).toBe(bits(fresh.quantities));
    if (!keeping.factors) {
      // a zero base has none, and weights that had to be scaled are scaled for this pair alone
      expect(fresh.quantities.masks === null || pair.base.type === 'F64').toBe(true);
      return;
    }
    const again = await compare(pair, { factors: stored(keeping.factors), keepFactors: true });
    expect(bits(again.quantities)).toBe(bits(fresh.quantities));
    // nothing new to be kept: they served
    expect(again.factors).toBeNull();
  });

  test('serve another tuned side, and one that does not differ', async () => {
    const pair = pairOf(CASES[0] as (typeof CASES)[number]);
    const { factors } = await compare(pair, { keepFactors: true });
    if (!factors) throw new Error('no factors');
    const data = new Uint8Array(pair.tuned.data);
    data.subarray(0, data.length / 2).set(pair.base.data.subarray(0, data.length / 2));
    for (const tuned of [{ ...pair.tuned, data }, pair.base]) {
      const other = { ...pair, tuned };
      const known = await compare(other, { factors: stored(factors), keepFactors: true });
      expect(bits(known.quantities)).toBe(bits((await compare(other)).quantities));
    }
  });

  test('are what is computed with: others give others, and those of other ranks are passed over', async () => {
    const pair = pairOf(CASES[0] as (typeof CASES)[number]);
    const { factors, quantities } = await compare(pair, { keepFactors: true });
    if (!factors) throw new Error('no factors');
    const doubled = { ...stored(factors), values: factors.values.map((s) => 2 * s) };
    expect((await compare(pair, { factors: doubled })).quantities.baseValues).toEqual(
      quantities.baseValues.map((s) => 2 * s),
    );
    const masks = stored(factors).masks.fill(0);
    expect(bits((await compare(pair, { factors: { ...factors, masks } })).quantities)).not.toBe(bits(quantities));
    const ranks = { maskRank: pair.options.maskRank + 1 };
    const passedOver = await compare(pair, { ...ranks, factors: stored(factors) });
    expect(bits(passedOver.quantities)).toBe(bits((await compare(pair, ranks)).quantities));
  });
});
