import { describe, expect, it } from 'vitest';
import { openCheckpoint, pairCheckpoints } from '../../../src/checkpoint/index.ts';
import {
  coverageSaid,
  coverageWarning,
  coveredShare,
  isPartial,
  withoutFailed,
} from '../../../src/metrics/coverage.ts';
import { english } from '../../../src/protocol/say.ts';
import type { Coverage } from '../../../src/protocol/engine.ts';
import { codes16, safetensors, type Entry } from '../formats/build.ts';
import { temporaryFolder } from './folder.ts';

const bf16 = (...shape: number[]): Entry => ({
  dtype: 'BF16',
  shape,
  data: codes16(shape.reduce((a, b) => a * b, 1)),
});
const int8 = (...shape: number[]): Entry => ({
  dtype: 'I8',
  shape,
  data: new Uint8Array(shape.reduce((a, b) => a * b, 1)),
});
async function coverage(
  base: Record<string, Entry>,
  tuned: Record<string, Entry>,
  tensors: string | null = null,
): Promise<Coverage> {
  const sides = [base, tuned].map((side) =>
    openCheckpoint(temporaryFolder().write('model.safetensors', safetensors(side))),
  );
  const [left, right] = [await sides[0]!, await sides[1]!];
  const found = pairCheckpoints(left, right, { includeEmbeddings: false, tensors }).coverage;
  await Promise.all([left.close(), right.close()]);
  return found;
}
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const BASE = {
  'model.embed_tokens.weight': bf16(10, 4),
  'model.layers.0.self_attn.q_proj.weight': bf16(4, 4),
  'model.layers.0.mlp.up_proj.weight': bf16(11, 4),
  'model.layers.0.rotary_emb.inv_freq': bf16(2),
};

describe('how much of the base is compared', () => {
  it('is all of it, whatever buffers and more tensors there are', async () => {
    const found = await coverage(BASE, { ...BASE, 'lm_head.weight': bf16(10, 4) });
    expect(found).toEqual({
      tensors: { compared: 3, all: 3 },
      weights: { compared: 100, all: 100 },
      missing: [],
    });
    expect(english(coverageSaid(found, percent))).toBe("compared 3 of 3 tensors, 100.0 % of the base's weights");
    expect(coverageWarning(found, percent, String)).toBeNull();
  });

  it('names what is missing, the largest first, with the reason', async () => {
    const tuned = {
      'model.layers.0.self_attn.q_proj.weight': bf16(4, 4),
      'model.layers.0.mlp.up_proj.weight': int8(11, 4),
    };
    const found = await coverage(BASE, tuned);
    const share = coveredShare(found);
    expect(share).toBe(0.16);
    expect(isPartial(share)).toBe(true);
    expect(english(coverageWarning(found, percent, String)!)).toBe(
      "Only 16.0 % of the base's weights were compared; every figure is of those. Missing: model.layers.0.mlp.up_proj.weight (integers (I8), not compared), model.embed_tokens.weight (only in the base).",
    );
  });

  it('counts no counters, positions and masks, but what is called a weight', async () => {
    const integers = (dtype: string, count: number): Entry => ({
      dtype,
      shape: [count],
      data: new Uint8Array(count * ({ I64: 8, I32: 4 }[dtype] ?? 1)),
    });
    const buffers = {
      'bn.num_batches_tracked': integers('I64', 1),
      'model.position_table': integers('I64', 50),
      'model.relative_position_index': integers('I32', 50),
      'model.causal': integers('BOOL', 50),
    };
    expect((await coverage({ ...BASE, ...buffers }, BASE)).weights).toEqual({ compared: 100, all: 100 });
    const weight = await coverage({ ...BASE, 'model.layers.0.x.weight': integers('I64', 20) }, BASE);
    expect(weight.weights).toEqual({ compared: 100, all: 120 });
  });

  it('counts the parts of a fused tensor that have a counterpart, and what a pattern leaves', async () => {
    const L = 'model.layers.0';
    const fused = { [`${L}.mlp.gate_up_proj.weight`]: bf16(8, 4) };
    const half = await coverage(fused, { [`${L}.mlp.up_proj.weight`]: bf16(4, 4) });
    expect(half.weights).toEqual({ compared: 16, all: 32 });
    expect(half.missing).toHaveLength(1);
    const some = await coverage(BASE, BASE, '*q_proj*');
    expect(some.tensors).toEqual({ compared: 1, all: 3 });
    expect(some.missing[0]?.reason).toContain('outside the pattern');
  });

  it('falls with tensors that failed, a fused one once, and they are named first', async () => {
    const found = await coverage(BASE, BASE);
    const left = withoutFailed(found, [
      { name: 'model.layers.0.mlp.up_proj.weight#0#gate', shape: [6, 4] },
      { name: 'model.layers.0.mlp.up_proj.weight#0#up', shape: [5, 4] },
    ]);
    expect(english(coverageSaid(left, percent))).toBe("compared 2 of 3 tensors, 56.0 % of the base's weights");
    expect(english(coverageWarning(left, percent, String)!)).toContain(
      'Missing: model.layers.0.mlp.up_proj.weight (it could not be read).',
    );
  });

  it('is small of a base of which nothing but placeholders was saved, and says which side', async () => {
    const empty = Object.fromEntries(
      Object.entries(BASE).map(([name, one]) => [
        name,
        one.shape.length === 2 ? bf16(name.includes('up') ? 1 : 0) : one,
      ]),
    );
    const found = await coverage({ ...empty, 'model.norm.weight': bf16(4) }, { ...BASE, 'model.norm.weight': bf16(4) });
    expect(found.weights).toEqual({ compared: 4, all: 104 });
    expect(found.tensors).toEqual({ compared: 1, all: 4 });
    expect(found.missing.map(({ reason }) => reason)).toContain('it has no elements (base): saved without its weights');
  });

  it('is null of nothing', async () => {
    const found = await coverage(BASE, BASE);
    expect(coveredShare({ ...found, weights: { compared: 0, all: 0 } })).toBeNull();
  });

  it('counts a damaged entry by the other side, whatever it claims', async () => {
    const name = 'model.layers.0.mlp.up_proj.weight';
    const damaged = Buffer.from(safetensors(BASE)).toString('latin1').replace('"shape":[11,4]', '"shape":[99,4]');
    const sides = [Buffer.from(damaged, 'latin1'), safetensors(BASE)].map((bytes) =>
      openCheckpoint(temporaryFolder().write('model.safetensors', bytes)),
    );
    const [left, right] = [await sides[0]!, await sides[1]!];
    const found = pairCheckpoints(left, right, { includeEmbeddings: false, tensors: null }).coverage;
    await Promise.all([left.close(), right.close()]);
    expect(found.weights).toEqual({ compared: 56, all: 100 });
    expect(found.tensors).toEqual({ compared: 2, all: 3 });
    expect(found.missing[0]).toMatchObject({ name, reason: expect.stringContaining('damaged') as string });
  });
});
