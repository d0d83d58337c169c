import { describe, expect, it } from 'vitest';
import { answerTo } from '../../../src/answer/answer.ts';
import { foldWord, listed, rangesOf, shareWord, countWord, type Word } from '../../../src/answer/words.ts';
import { english } from '../../../src/protocol/say.ts';
import type { ComparisonMetrics } from '../../../src/protocol/results.ts';
import { clausesOf, compared, LIKE_NOISE, LORA, matrix, textOf, theClause, twinWith, written } from './cases.ts';

const told = (word: Word): string => (typeof word === 'string' ? word : english(word)).replace(/\u202f/g, ' ');
const sized = (relativeUpdate: number): Partial<ComparisonMetrics> => ({ relativeUpdate, updateNorm: relativeUpdate });
const dense = (updateDensity: number) => written(() => ({ updateDensity }));

describe('words', () => {
  it('of shares: within 4 points of the word, else rounded to 5', () => {
    const words = (
      [
        ...[0, 0.00032, 0.0009, 0.0021, 0.034, 0.036, 0.09, 0.13, 0.2, 0.25, 0.33, 0.4499],
        ...[0.5, 0.58, 0.66, 0.75, 0.8, 0.9, 0.945, 0.98, 0.9999, 1],
      ] as const
    ).map((share) => told(shareWord(share)));
    expect(words).toEqual([
      ...['none', 'one in 3 000', 'one in 1 000', '0.21 %', '3.4 %', 'one in twenty', 'a tenth', 'a tenth', 'a fifth'],
      ...['a quarter', 'a third', 'about 45 %', 'half', 'about 60 %', 'two thirds', 'three quarters', 'about 80 %'],
      ...['nine tenths', 'about 95 %', 'nearly all', 'nearly all', 'all'],
    ]);
  });
  it('of factors: twice to ten times within 0.3', () => {
    expect([1.4, 1.75, 2.3, 2.4, 7.8, 10.2, 10.4, 31].map((factor) => told(foldWord(factor)))).toEqual([
      ...['× 1.4', 'twice', 'twice', '× 2.4', 'eight times', 'ten times', '× 10', '× 31'],
    ]);
  });
  it('of counts, lists and ranges', () => {
    expect([2, 6, 7].map((n) => told(countWord(n)))).toEqual(['two', 'six', '7']);
    expect([['a'], ['a', 'b'], ['a', 'b', 'c']].map((list) => told(listed(list)))).toEqual([
      'a',
      'a and b',
      'a, b and c',
    ]);
    expect(told(listed(['1', '2', '3', '4', '5', '6', '7', '8']))).toBe('1, 2, 3, 4, 5, 6 and 2 more');
    expect(told(rangesOf([20, 6, 7, 8, 1, 2]))).toBe('1, 2, 6–8 and 20');
    expect(told(rangesOf([3]))).toBe('3');
  });
});

describe('how much changed', () => {
  it('begins the answer', () => {
    expect(textOf(dense(1 / 4096))).toMatch(
      /^One in 4 000 of the weights changed \(0\.0244 %\), by 1 % of the base's norm/,
    );
    expect(textOf(dense(1))).toMatch(/^All of the weights changed \(100 %\)/);
    expect(textOf(dense(0.021))).toMatch(/^2\.1 % of the weights changed/);
  });
  it('says so if changes are counted on a coarser grid than the tuned side is stored on', () => {
    const wide = written(() => ({ updateDensity: 0, roundingFloor: null }), { dtype: 'F32' });
    expect(textOf(wide)).toMatch(/^None of the weights changed in bf16 \(0 %\), by 1 % of the base's norm, evenly/);
  });
  it('names the share of the base that was compared if that is not all of it', () => {
    const given = dense(0.5);
    const part = { ...given, summary: { ...given.summary, coverage: 0.4 } };
    expect(textOf(part)).toMatch(
      /^Half of the compared weights changed \(50 %; compared are 40 % of the base's weights\),/,
    );
    const wide = written(() => ({ updateDensity: 0.5 }), { dtype: 'F32' });
    expect(textOf({ ...wide, summary: { ...wide.summary, coverage: 0.4 } })).toMatch(
      /^Half of the compared weights changed in bf16/,
    );
  });
  it('is no more than one rounding under 1.25 of it', () => {
    const of = (times: number) => textOf(written(() => sized(0.0017 * times)));
    expect(of(1.24)).toContain(
      ', by no more than one rounding to bf16 changes them (0.21 %, one rounding to bf16 0.17 %),',
    );
    expect(of(1.26)).toContain("by 0.21 % of the base's norm (one rounding to bf16 0.17 %)");
  });
  it('names the grid of the tuned side', () => {
    expect(textOf(written(() => ({}), { dtype: 'F16' }))).toContain('one rounding to f16');
    expect(textOf(written(() => ({}), { dtype: 'F8_E4M3' }))).toContain('one rounding to F8_E4M3');
  });
  it('is one matrix of several, with the number of its expert', () => {
    const one = textOf(written(({ index }) => (index === 3 ? {} : null)));
    expect(one).toMatch(
      /^One matrix changed, layer 1, v \(1 of 8\), by 1 % of its norm \(one rounding to bf16 0\.17 %\)\./,
    );
    const expert = (n: number, update: number) =>
      matrix(`model.layers.0.mlp.experts.${n}.up_proj.weight`, [64, 64], { ...LIKE_NOISE, ...sized(update) });
    expect(textOf(compared([expert(0, 0), expert(7, 0.1)]))).toMatch(
      /^One matrix changed, layer 0, up, expert 7 \(1 of 2\)/,
    );
    expect(theClause(compared([expert(0, 0), expert(7, 0.1)]), 'size-of-matrix').matrices).toEqual([
      'model.layers.0.mlp.experts.7.up_proj.weight',
    ]);
  });
});

describe('an adapter', () => {
  const touched = [1, 2].map((layer) =>
    matrix(
      `model.layers.${layer}.self_attn.q_proj.weight`,
      [64, 64],
      { ...LIKE_NOISE, ...sized(0.2) },
      {
        base: 'BF16',
        tuned: 'BF16 + LoRA',
      },
    ),
  );
  const left = ['self_attn.k_proj.weight', 'input_layernorm.weight', 'self_attn.q_proj.bias'].flatMap((name) =>
    [0, 1, 2, 3].map((layer) => `model.layers.${layer}.${name}`),
  );

  it('names its layers, and counts what it could have changed: neither norms nor biases', () => {
    expect(textOf(compared(touched, { adapter: { ...LORA, matrices: 2 }, skipped: left }))).toMatch(
      /^A rank-8 adapter changes q in layers 1 and 2 \(2 of 6 matrices\), by 20 % of their norm \(one rounding to bf16 0\.17 %\)\./,
    );
  });
  it('may have no one rank', () => {
    expect(textOf(compared(touched, { adapter: { ...LORA, rank: null, matrices: 2 } }))).toMatch(
      /^An adapter changes q in every layer \(2 of 2 matrices\)/,
    );
  });
  it('that is 0 everywhere changed nothing, and is no cast', () => {
    const still = touched.map((one) => ({ ...one, metrics: { ...one.metrics, ...sized(0), updateDensity: 0 } }));
    expect(textOf(compared(still, { adapter: LORA }))).toBe(
      "Nothing changed: the adapter's update is 0 in every weight (0 of 8 192 differ).",
    );
  });
  it('loses energy in merging that counts', () => {
    const lossy = touched.map((one) => ({
      ...one,
      metrics: { ...one.metrics, hiddenShare: 0.25, hiddenEnergy: 0.04 },
    }));
    expect(textOf(compared(lossy, { adapter: LORA }))).toContain(
      "Merged to bf16, 25 % of the touched weights would not move (4 % of the update's energy).",
    );
  });
  it('like noise is not said to be of the rank of noise: its rank is its nature', () => {
    const { twin } = twinWith({});
    const noisy = touched.map((one) => ({ ...one, metrics: { ...one.metrics, twin } }));
    const text = textOf(compared(noisy, { adapter: LORA }));
    expect(text).toContain('The update points like noise of the same size (×1 of random, noise ×1);');
    expect(text).not.toContain('Direction, rank');
  });
  it('kept unmerged beside weights of its own is no adapter of the base: the rest may have changed too', () => {
    const text = textOf(compared(touched, { adapter: { ...LORA, unmerged: true } }));
    expect(text).toMatch(/^Half of the weights changed/);
    expect(text).not.toContain('erged to');
  });
});

describe('where in depth', () => {
  const layered = (sizes: readonly number[]) =>
    written(({ layer }) => sized(sizes[layer] ?? 0), { layers: sizes.length });
  const depth = (sizes: readonly number[]): string[] =>
    clausesOf(answerTo(layered(sizes)))
      .filter(({ tab, code }) => tab === 'size' && code !== 'share')
      .map(({ code }) => code);

  it('even, with depth, uneven', () => {
    expect(textOf(layered([0.01, 0.014, 0.012, 0.013]))).toContain(
      ', evenly over the layers (largest over smallest ×1.4).',
    );
    expect(textOf(layered([0.01, 0.02, 0.03, 0.04]))).toContain(
      ', more with depth (1 % in the first layer, 4 % in the last).',
    );
    expect(textOf(layered([0.01, 0.04, 0.02, 0.03]))).toContain(', unevenly over the layers (1 % to 4 %).');
    // a rank correlation of 0.9 exactly: one swap of neighbours among five
    expect(depth([0.01, 0.03, 0.02, 0.04, 0.05])).toEqual(['size', 'with-depth']);
  });
  it('is not spoken of with fewer than four layers that changed', () => {
    expect(depth([0.01, 0.02, 0.05])).toEqual(['size']);
    expect(depth([0.01, 0.02, 0.05, 0])).toEqual(['size']);
  });
  it('concentrated in at most 60 % of the layers, with 80 % of the energy', () => {
    expect(depth([1, 1, 4, 4, 4].map((size) => size / 100))).toEqual(['concentrated']);
    // five of eight are over 60 %
    expect(depth([1, 1, 1, 4, 4, 4, 4, 4].map((size) => size / 100))).not.toContain('concentrated');
    // 2.1 times as far: 3 * 2.1^2 of 3 * 2.1^2 + 2 are 87 %, 2 * 2.1^2 of 2 * 2.1^2 + 3 only 75 %
    expect(depth([1, 1, 2.1, 2.1, 2.1].map((size) => size / 100))).toEqual(['concentrated']);
    expect(depth([1, 1, 1, 2.1, 2.1].map((size) => size / 100))).not.toContain('concentrated');
  });
  it('concentrated, and some of these far over the others', () => {
    const given = layered([1, 1, 1, 1, 4, 4, 12].map((size) => size / 1000));
    expect(textOf(given)).toContain(
      'The update is concentrated in layers 4-6 (98 % of its energy); layer 6 moved about three times as far (1.2 % against 0.40 %).',
    );
    expect(theClause(given, 'far').matrices).toHaveLength(2);
    // what follows speaks of these layers
    expect(theClause(given, 'all-like-noise').kind).toBe('quiet');
    const into = written(({ layer }) => ({ ...sized(layer > 3 ? 0.1 : 0.001), jointEnergy: 10 / 64 }), { layers: 7 });
    expect(textOf(into)).toContain("There the update leans into the base's main directions");
    expect(theClause(into, 'direction-main').matrices).toHaveLength(6);
  });
});

describe('experts', () => {
  const mixture = (moved: readonly number[], size = 0.1) =>
    compared(
      Array.from({ length: 20 }, (_, n) =>
        matrix(`model.layers.1.mlp.experts.${n}.up_proj.weight`, [64, 64], {
          ...LIKE_NOISE,
          ...sized(moved.includes(n) ? size * (1 + n / 100) : 0.01),
        }),
      ),
    );

  it('that moved over three times as far as the median expert are named', () => {
    const one = mixture([3]);
    expect(textOf(one)).toContain('. One expert moved ×10 as far as the others: 3 in layer 1 (10 % against 1 %).');
    expect(textOf(mixture([0], 0.0299))).not.toContain('expert');
    expect(textOf(mixture([0], 0.0301))).toContain('One expert moved');
    expect(theClause(one, 'experts').matrices).toEqual(['model.layers.1.mlp.experts.3.up_proj.weight']);
    expect(textOf(mixture([3, 5]))).toContain(
      'Two experts moved ×10 to ×11 as far as the others: 5 in layer 1 and 3 in layer 1',
    );
  });
  it('do not make their layer one that holds the update', () => {
    const layers = [0, 1, 2, 3].flatMap((layer) =>
      [0, 1, 2, 3].map((n) =>
        matrix(`model.layers.${layer}.mlp.experts.${n}.up_proj.weight`, [64, 64], {
          ...LIKE_NOISE,
          ...sized(layer === 2 && n === 0 ? 0.3 : 0.01),
        }),
      ),
    );
    expect(textOf(compared(layers))).toContain('. One expert moved ×30 as far as the others: 0 in layer 2');
  });
  it('are counted if there are many', () => {
    const text = textOf(mixture([0, 1, 2, 3, 4, 5, 6, 7]));
    expect(text).toContain('8 experts moved ×10 to ×11 as far as the others: 7 in layer 1, 6 in layer 1');
    expect(text).toContain('2 in layer 1 and 2 more (11 % against 1 %).');
  });
  it('of a stack have their number in the name of the part', () => {
    const stack = compared(
      Array.from({ length: 5 }, (_, n) =>
        matrix(`model.layers.1.mlp.experts.gate_up_proj#${n}#gate`, [64, 64], {
          ...LIKE_NOISE,
          ...sized(n === 4 ? 0.1 : 0.01),
        }),
      ),
    );
    expect(textOf(stack)).toContain('One expert moved ×10 as far as the others: 4 in layer 1');
  });
});
