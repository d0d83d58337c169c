import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { svd } from '../../../src/linalg/reference/svd.ts';
import { modelOfPairs } from '../../../src/metrics/updatePair.ts';
import type { UpdatePair } from '../../../src/protocol/updatePair.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { safetensors } from '../formats/build.ts';
import { gaussian } from '../matrices.ts';

const FIXTURES = 'test/fixtures/adapters';
const BASE = `${FIXTURES}/llama/base`;
const folder = temporaryFolder();
const adapter = (name: string): string => `${FIXTURES}/${name}/adapter`;

let analysis: Analysis;
beforeAll(async () => {
  if (!existsSync('dist/linalg-worker.mjs')) throw new Error('dist is missing: run "npm run build" first.');
  analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());

async function beside(
  one: string,
  other: string,
  base: string | null,
): Promise<{ pairs: Map<string, UpdatePair>; skipped: { name: string; reason: string }[] }> {
  const pairs = new Map<string, UpdatePair>();
  const skipped: { name: string; reason: string }[] = [];
  for await (const event of analysis.updatePairs({ one, other, base }, new AbortController().signal))
    if (event.type === 'matrix') pairs.set(event.value.name.replace(/^model\./, ''), event.value);
    else if (event.type === 'skipped') skipped.push(event.value);
  return { pairs, skipped };
}

describe('two adapters of one base', () => {
  it('of the same factors at two scales point the same way', async () => {
    const { pairs } = await beside(adapter('llama-lora'), adapter('llama-rslora'), null);
    expect(pairs.size).toBe(6);
    for (const {
      updateCosine,
      updateNorms: [a, b],
    } of pairs.values()) {
      expect(updateCosine).toBeCloseTo(1, 12);
      expect(b / a).toBeCloseTo(2, 12);
    }
  });

  it.each([
    ['llama-lora', 'llama-rankpattern'],
    ['llama-loha', 'llama-lokr'],
  ])('%s and %s have the figures that their updates have over the base, row by row', async (one, other) => {
    const alone = await beside(adapter(one), adapter(other), null);
    const over = await beside(adapter(one), adapter(other), BASE);
    expect([...alone.pairs.keys()].sort()).toEqual([...over.pairs.keys()].sort());
    for (const [name, { updateCosine, updateNorms, cosineDeviation, shape }] of alone.pairs) {
      const rows = over.pairs.get(name) as UpdatePair;
      // METRICS: norms to 1e-4, cosines to 1e-4 or 1e-9.
      expect(Math.abs(updateNorms[0] / rows.updateNorms[0] - 1)).toBeLessThan(1e-4);
      expect(Math.abs((updateCosine ?? NaN) - (rows.updateCosine ?? NaN))).toBeLessThan(
        1e-4 * Math.abs(updateCosine ?? 0) + 1e-9,
      );
      expect(cosineDeviation).toBeCloseTo(1 / Math.sqrt(shape[0] * shape[1]), 15);
    }
    expect(modelOfPairs([...alone.pairs.values()]).updateCosine).toBeCloseTo(
      modelOfPairs([...over.pairs.values()]).updateCosine ?? NaN,
      6,
    );
  });

  it('share directions as their updates do, multiplied out', async () => {
    const [m, r, n] = [40, 20, 30];
    const factors = [1, 2].map((seed) => ({ a: gaussian(r, n, seed), b: gaussian(m, r, seed + 10) }));
    // Half of the second's inputs are the first's.
    factors[1]?.a.set(factors[0]?.a.subarray(0, 10 * n) ?? []);
    const rounded = factors.map(({ a, b }) => ({ a: Float32Array.from(a), b: Float32Array.from(b) }));
    const paths = rounded.map(({ a, b }, i) => {
      const entry = (shape: number[], values: Float32Array) => ({
        dtype: 'F32',
        shape,
        data: new Uint8Array(values.buffer),
      });
      const name = 'base_model.model.model.layers.0.self_attn.q_proj';
      folder.write(`r${i}/adapter_config.json`, { peft_type: 'LORA', r, lora_alpha: r, target_modules: ['q_proj'] });
      folder.write(
        `r${i}/adapter_model.safetensors`,
        safetensors({ [`${name}.lora_A.weight`]: entry([r, n], a), [`${name}.lora_B.weight`]: entry([m, r], b) }),
      );
      return `${folder.path}/r${i}`;
    });
    const { pairs } = await beside(paths[0] as string, paths[1] as string, null);
    const [found] = [...pairs.values()];
    const leading = rounded.map(({ a, b }) => {
      const data = new Float64Array(m * n);
      for (let i = 0; i < m; i++)
        for (let k = 0; k < r; k++)
          for (let j = 0; j < n; j++)
            data[i * n + j] = (data[i * n + j] as number) + (b[i * r + k] as number) * (a[k * n + j] as number);
      return svd({ rows: m, columns: n, data }).right.slice(0, 16);
    });
    let expected = 0;
    for (const u of leading[0] ?? [])
      for (const v of leading[1] ?? []) expected += u.reduce((sum, x, i) => sum + x * (v[i] as number), 0) ** 2;
    expect(found?.subspaceSimilarity).toBeCloseTo(expected / 16, 9);
    expect(found?.subspaceSimilarity).toBeGreaterThan(found?.subspaceChance ?? 1);
    expect(found?.subspaceChance).toBeCloseTo(16 / 30, 15);
    // and of updates of lower rank nothing is claimed
    const few = await beside(adapter('llama-lora'), adapter('llama-rslora'), null);
    for (const { subspaceSimilarity, reasons } of few.pairs.values()) {
      expect(subspaceSimilarity).toBeNull();
      expect(reasons[0]).toMatch(/lower rank/);
    }
  });

  it('need the base if a kind depends on it, and are left out with the reason without', async () => {
    const { pairs, skipped } = await beside(adapter('llama-lora'), adapter('llama-dora'), null);
    expect(pairs.size).toBe(0);
    expect(skipped).toHaveLength(6);
    expect(skipped[0]?.reason).toMatch(/of the second adapter: .*depends on the weight/);
    expect((await beside(adapter('llama-lora'), adapter('llama-dora'), BASE)).pairs.size).toBe(6);
  });
});

it('an adapter beside its own merge, a full checkpoint, points the same way', async () => {
  const { pairs } = await beside(adapter('llama-lora'), `${FIXTURES}/llama-lora/merged`, BASE);
  expect(pairs.size).toBe(6);
  for (const {
    updateCosine,
    updateNorms: [a, b],
  } of pairs.values()) {
    // the merge is rounded to float32: 2^-24 of weights that are some ten times the update
    expect(updateCosine).toBeGreaterThan(1 - 1e-9);
    expect(Math.abs(b / a - 1)).toBeLessThan(1e-5);
  }
});
