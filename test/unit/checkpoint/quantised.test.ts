/** Quantised weights are read as the values that their formats define: against what the libraries themselves make of them. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changeOf } from '../../../src/analysis/change.ts';
import {
  matricesOf,
  openCheckpoint,
  pairCheckpoints,
  readMatrix,
  type Checkpoint,
  type WeightPair,
} from '../../../src/checkpoint/index.ts';
import { createReferenceBackend } from '../../../src/linalg/reference/index.ts';
import { quantisationOf } from '../../../src/metrics/quantisation.ts';
import { decodeFloats } from '../../../src/numbers/index.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/quantised');
const CASES = join(import.meta.dirname, '../../fixtures/cases');

async function open(...path: string[]): Promise<Checkpoint> {
  return openCheckpoint(join(FIXTURES, ...path));
}
/** Every matrix of a checkpoint by its name in the model. */
async function matrices(checkpoint: Checkpoint): Promise<Map<string, { shape: readonly number[]; values: number[] }>> {
  const found = new Map<string, { shape: readonly number[]; values: number[] }>();
  for (const row of checkpoint.tensors.values()) {
    if (!row.spectral) continue;
    for (const weight of matricesOf(checkpoint, { ...row, name: row.quantised?.weight ?? row.name }))
      found.set(weight.name, {
        shape: weight.shape,
        values: [...decodeFloats(weight.type, await readMatrix(weight))],
      });
  }
  return found;
}

describe('values', () => {
  // Rounded once from float64; the libraries round each step to float32: two steps of 2^-24 each.
  const ONCE = 2 ** -22;
  it.each([
    ['fp8-block', 'FP8, blocks of 128'],
    ['bnb-int8', 'INT8 (bitsandbytes), one scale a row'],
    ['bnb-nf4', 'NF4, blocks of 64'],
    ['gptq', 'GPTQ, 4 bits, groups of 32'],
    ['awq', 'AWQ, 4 bits, groups of 32'],
    ['mxfp4', 'MXFP4, groups of 32'],
  ])('%s', async (name, text) => {
    const quantised = await open(name, 'model.safetensors');
    const twin = await open(name, 'twin.safetensors');
    expect(quantised.facts.quantisation.map((facts) => facts.text)).toEqual([text]);
    expect(quantised.problems).toEqual([]);
    const [found, wanted] = [await matrices(quantised), await matrices(twin)];
    expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [matrix, { shape, values }] of wanted) {
      const got = found.get(matrix);
      expect(got?.shape).toEqual(shape);
      let worst = 0;
      values.forEach((value, i) => {
        const error = Math.abs((got?.values[i] ?? NaN) - value);
        if (!(error <= Math.abs(value) * ONCE)) worst = Math.max(worst, Number.isNaN(error) ? Infinity : error);
      });
      expect(worst, matrix).toBe(0);
    }
    await quantised.close();
    await twin.close();
  });
});

describe('parameters', () => {
  it.each(['gptq', 'awq', 'nf4', 'mlx4', 'comfy_fp8'])('%s counts the weights of the model', async (name) => {
    const checkpoint = await openCheckpoint(join(CASES, 'packed-parameter-count', name));
    expect(checkpoint.facts.parameters).toBe(19_616);
    expect(checkpoint.facts.quantisation.reduce((sum, { parameters }) => sum + (parameters ?? NaN), 0)).toBe(15_360);
    await checkpoint.close();
  });
});

describe('a comparison', () => {
  it('of a model with its own quantisation shows the error of the quantisation, without a rounding null', async () => {
    const folder = join(CASES, 'fp8-scales-ignored/bf16-vs-fp8-block');
    const [base, tuned] = [await openCheckpoint(join(folder, 'base')), await openCheckpoint(join(folder, 'tuned'))];
    const pairing = pairCheckpoints(base, tuned, { includeEmbeddings: false, tensors: null });
    expect(pairing.skipped).toEqual([]);
    expect(pairing.unpaired).toEqual({ baseOnly: [], tunedOnly: [] });
    const name = 'model.layers.0.self_attn.q_proj.weight';
    const pair = pairing.pairs.find((one) => one.name === name);
    if (!pair) throw new Error(`${name} has no pair`);
    const { tensor } = await changeOf(pair, DEFAULT_PARAMETERS, createReferenceBackend(), new AbortController().signal);
    // The case's own figure, to its last digit.
    expect(tensor.metrics.relativeUpdate).toBeCloseTo(0.028477, 6);
    expect(tensor.flags).toEqual(['no-null']);
    expect(tensor.quantised).toBe('FP8, blocks of 16');
    expect(tensor.reasons).toEqual([
      "Quantised (FP8, blocks of 16): the difference is rounding of the scales' grid unless larger; SQNR 30.9 dB.",
    ]);
    const plain = pairing.pairs.find((one) => one.name === 'model.norm.weight');
    const others = await changeOf(
      plain as WeightPair,
      DEFAULT_PARAMETERS,
      createReferenceBackend(),
      new AbortController().signal,
    );
    const found = quantisationOf([tensor, others.tensor]);
    expect(found).toMatchObject({ text: 'FP8, blocks of 16', tensors: 1 });
    expect(found?.sqnr).toBeCloseTo(-20 * Math.log10(0.028477), 3);
    await base.close();
    await tuned.close();
  });

  it('of two quantised models leaves out what is not decoded, with the reason', async () => {
    const folder = join(CASES, 'mlx-biases-as-weights/pair');
    const [base, tuned] = [await openCheckpoint(join(folder, 'base')), await openCheckpoint(join(folder, 'tuned'))];
    const { pairs, skipped } = pairCheckpoints(base, tuned, { includeEmbeddings: false, tensors: null });
    expect(pairs.some((pair) => pair.name.endsWith('.biases'))).toBe(false);
    expect(pairs.filter(({ tuned: { quantised } }) => quantised !== undefined)).toHaveLength(12);
    expect(skipped.filter(({ name }) => name.endsWith('down_proj.weight'))).toHaveLength(2);
    await base.close();
    await tuned.close();
  });
});
