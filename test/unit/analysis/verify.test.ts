/** Equality of two checkpoints: every type bit by bit, other types by value, other layouts part by part. */
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { numberType, typeNames } from '../../../src/numbers/index.ts';
import {
  isUnproven,
  leftOutKind,
  verifyResult,
  type VerifyEvent,
  type VerifyResult,
} from '../../../src/protocol/verify.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { bf16Maker, codes16, f32, safetensors, type Entry } from '../formats/build.ts';
import { gguf } from '../formats/ggufBuild.ts';

let analysis: Analysis;
beforeAll(async () => {
  analysis = await createAnalysis({ backend: 'cpu', threads: 1, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());
const folder = temporaryFolder();
type Model = Record<string, Entry>;
let written = 0;

async function verify(a: Model | string, b: Model | string, relative = 0, absolute = 0): Promise<VerifyResult> {
  const place = (model: Model | string, name: string): string =>
    typeof model === 'string' ? model : folder.write(join(String(written++), name), safetensors(model));
  const request = { a: place(a, 'a.safetensors'), b: place(b, 'b.safetensors'), relative, absolute };
  const events: VerifyEvent[] = [];
  for await (const event of analysis.verify(request, new AbortController().signal)) events.push(event);
  return verifyResult(request, events);
}
const of = (dtype: string, data: Uint8Array, shape?: number[]): Model => {
  const bits = numberType(dtype)?.bits ?? 8;
  return { 'model.norm.weight': { dtype, shape: shape ?? [(data.length * 8) / bits], data } };
};

describe('every type', () => {
  // finite codes of every type: 7 is the greatest byte here
  const data = Uint8Array.from({ length: 48 }, (_, i) => (i * 5) % 8);
  it.each(typeNames())('%s: equal bits are, and one that differs is found', async (dtype) => {
    expect(await verify(of(dtype, data), of(dtype, data))).toMatchObject({ verdict: 'bits', counts: { bits: 1 } });
    const other = data.slice();
    other[16] = (other[16] as number) ^ 1;
    const { verdict, tensors } = await verify(of(dtype, data), of(dtype, other));
    expect(verdict).toBe('different');
    const bits = numberType(dtype)?.bits ?? 8;
    expect(tensors[0]).toMatchObject({ sameness: 'different', differing: 1 });
    // packed numbers are compared as bytes
    expect(tensors[0]?.first?.index).toEqual(bits < 8 ? undefined : [(16 * 8) / bits]);
  });
  it('64-bit integers that one float64 stands for are not equal', async () => {
    const big = (last: bigint): Uint8Array => new Uint8Array(BigInt64Array.from([1n, 2n ** 60n + last]).buffer);
    const { tensors } = await verify(of('I64', big(0n)), of('I64', big(1n)));
    expect(tensors[0]).toMatchObject({ sameness: 'different', differing: 1, largest: 1, first: { index: [1] } });
  });
});

describe('equal values', () => {
  it('NaN with another payload and -0 are equal values, not equal bits', async () => {
    const words = (...codes: number[]): Uint8Array => new Uint8Array(Uint32Array.from(codes).buffer);
    const [a, b] = [words(0x7fc00000, 0, 0x3f800000), words(0x7fc00001, 0x80000000, 0x3f800000)];
    expect(await verify(of('F32', a), of('F32', b))).toMatchObject({ verdict: 'values', tensors: [{ differing: 0 }] });
    expect((await verify(of('F32', a), of('F32', a))).verdict).toBe('bits');
  });
  it('bf16 in float32 is equal by value; a float32 that bf16 does not hold is not', async () => {
    const codes = Uint16Array.from([0x3f80, 0xc000, 0x0001]);
    const wide = new Uint8Array(Uint32Array.from(codes, (code) => code << 16).buffer);
    const narrow = new Uint8Array(codes.buffer);
    expect((await verify(of('BF16', narrow), of('F32', wide))).verdict).toBe('values');
    expect((await verify(of('F32', wide), of('BF16', narrow))).verdict).toBe('values');
    wide[4] = 1;
    // 2 and 2 + 2^-22: the base is not rounded to the other type first
    const { verdict, tensors } = await verify(of('F32', wide), of('BF16', narrow));
    expect(verdict).toBe('different');
    expect(tensors[0]).toMatchObject({ differing: 1, first: { index: [1], b: -2 }, largest: 2 ** -22 });
  });
  it('a quantised weight beside the values that it stands for', async () => {
    const path = resolve('test/fixtures/quantised/fp8-block');
    const { verdict, counts } = await verify(path, join(path, 'twin.safetensors'));
    expect(counts.different).toBe(0);
    expect(verdict).toBe('values');
  });
});

describe('tolerances', () => {
  const [a, b] = [of('F32', f32(1, 100, NaN)), of('F32', f32(1.5, 101, NaN))];
  it('abs(a - b) <= atol + rtol abs(b), and what differs is told either way', async () => {
    const allowed = await verify(a, b, 0.01, 0.49);
    expect(allowed.verdict).toBe('tolerance');
    expect(allowed.tensors[0]).toMatchObject({ differing: 2, largest: 1, first: { index: [0], a: 1, b: 1.5 } });
    expect((await verify(a, b, 0.01, 0.48)).verdict).toBe('different');
  });
  it('NaN and infinity are within no tolerance of a number', async () => {
    for (const odd of [NaN, Infinity]) {
      const result = await verify(of('F32', f32(1, odd)), of('F32', f32(1, 2)), 1e9, 1e9);
      expect(result).toMatchObject({ verdict: 'different', tensors: [{ largest: null, first: { a: null, b: 2 } }] });
      expect((await verify(of('F32', f32(1, 2)), of('F32', f32(1, odd)), 1e9, 1e9)).verdict).toBe('different');
    }
  });
});

describe('layouts', () => {
  const bf16 = bf16Maker();
  const at = 'model.layers.0.self_attn';
  const split: Model = {
    [`${at}.q_proj.weight`]: bf16(8, 8),
    [`${at}.k_proj.weight`]: bf16(8, 8),
    [`${at}.v_proj.weight`]: bf16(8, 8),
  };
  const fused: Model = {
    [`${at}.qkv_proj.weight`]: {
      dtype: 'BF16',
      shape: [24, 8],
      data: Buffer.concat(Object.values(split).map((one) => one.data)),
    },
  };
  it('fused against split is the same, and a difference is named by its part', async () => {
    expect(await verify(fused, split)).toMatchObject({ verdict: 'bits', counts: { bits: 3 }, leftOut: [] });
    const changed = { ...split, [`${at}.k_proj.weight`]: bf16(8, 8) };
    const { tensors } = await verify(fused, changed);
    expect(tensors.filter(({ sameness }) => sameness === 'different')).toMatchObject([
      { name: `${at}.qkv_proj.weight#k`, other: `${at}.k_proj.weight`, first: { index: [0, 0] } },
    ]);
  });
  it.each(['gpt_neox', 'gpt_oss', 'mixtral', 'phimoe'])('%s, in both layouts of transformers 5', async (model) => {
    const place = (name: string): string => resolve('test/fixtures/layouts', model, name);
    const same = await verify(place('original'), place('runtime'));
    expect(same.leftOut.filter(({ counts }) => counts)).toEqual([]);
    expect(same.verdict).not.toBe('different');
    expect((await verify(place('original'), place('tuned-runtime'))).verdict).toBe('different');
  });
});

describe('what only one side has', () => {
  const weight: Entry = { dtype: 'BF16', shape: [4, 4], data: codes16(16) };
  const base: Model = { 'model.layers.0.mlp.up_proj.weight': weight };
  it('a weight counts, bookkeeping does not', async () => {
    const extra = { ...base, 'model.layers.1.mlp.up_proj.weight': weight };
    expect(await verify(base, extra)).toMatchObject({
      verdict: 'different',
      counts: { different: 0 },
      leftOut: [{ name: 'model.layers.1.mlp.up_proj.weight', reason: 'only in B', counts: true }],
    });
    const ids: Model = { 'model.position_ids': { dtype: 'I64', shape: [2], data: new Uint8Array(16) } };
    expect(await verify({ ...base, ...ids }, base)).toMatchObject({
      verdict: 'bits',
      leftOut: [{ name: 'model.position_ids', counts: false }],
    });
    // on both sides they must agree
    const moved: Model = { 'model.position_ids': { dtype: 'I64', shape: [2], data: new Uint8Array(16).fill(1) } };
    expect((await verify({ ...base, ...ids }, { ...base, ...moved })).verdict).toBe('different');
  });
  it('another shape, and nothing in common, are not the same', async () => {
    const wide = { 'model.layers.0.mlp.up_proj.weight': { ...weight, shape: [2, 8] } };
    const { verdict, leftOut } = await verify(base, wide);
    expect(verdict).toBe('different');
    expect(leftOut[0]?.reason).toBe('has shape [4, 4] in A and [2, 8] in B');
    expect((await verify(base, { other: weight })).verdict).toBe('different');
  });
  it('a weight whose values are not read is neither the same nor different, under either name', async () => {
    const codes: Model = { 'blk.0.ffn_up.weight': { dtype: 'IQ2_S', shape: [1, 256], data: new Uint8Array(82) } };
    const a = folder.write(join(String(written++), 'a.gguf'), gguf({ 'general.architecture': 'llama' }, codes));
    const values: Model = { 'model.layers.0.mlp.up_proj.weight': { ...weight, shape: [1, 256], data: codes16(256) } };
    const result = await verify(a, values);
    expect(result).toMatchObject({ verdict: 'different', tensors: [], leftOut: [{ counts: true, unread: true }] });
    expect(result.leftOut[0]?.reason).toMatch(/^quantised \(IQ2_S\), and left out: .* \(A\)$/u);
    expect(isUnproven(result)).toBe(true);
    const norm: Entry = { dtype: 'BF16', shape: [4], data: codes16(4) };
    const more = await verify(a, { ...values, 'model.norm.weight': norm });
    expect(more.leftOut.map(leftOutKind)).toEqual(['unread', 'counts']);
    expect(isUnproven(more)).toBe(false);
  });
  it('an adapter beside weights is refused, two adapters are compared', async () => {
    const adapter = resolve('media/samples/rl-lora');
    await expect(verify(resolve('media/samples/base'), adapter)).rejects.toThrow(/is an adapter and .* is not/);
    expect((await verify(adapter, adapter)).verdict).toBe('bits');
  });
});
