import { describe, expect, it } from 'vitest';
import { answerTo } from '../../../src/answer/answer.ts';
import type { Compared } from '../../../src/answer/subject.ts';
import { answerJson } from '../../../src/answer/render.ts';
import type { ComparisonTensor } from '../../../src/protocol/results.ts';
import { clausesOf, compared, fixture, golden, goldenAdapter, LIKE_NOISE, matrix, textOf, theClause } from './cases.ts';

const MASK_NOISE = 'hich weights changed is like rounding noise';
const NO_TWIN = 'Whether the spectrum and the main directions moved further than under noise needs the noise twin.';
const TWO_MODELS = 'The figures below compare two models; they do not show what training did.';
const SIZE =
  "by 0.57 % of the base's norm (one rounding to bf16 0.17 %), evenly over the layers (largest over smallest ×1.4).";

/** What the design's own sketch says of the same figures; where METRICS.md differs it is said so. */
describe('the answer to', () => {
  it('two copies', () => {
    expect(textOf(fixture('same'))).toBe(
      'Nothing changed: both checkpoints store the same weights (0 of 1 111 424 differ).',
    );
  });
  it('a cast', () => {
    expect(textOf(fixture('cast'))).toBe(
      'Only the storage type changed, from F32 to BF16. Stored the same way, the base equals the tuned checkpoint in every weight (0 of 184 320 differ).',
    );
  });
  it('noise', () => {
    expect(textOf(fixture('noise'))).toBe(
      `Three quarters of the weights changed (72.3 %), ${SIZE} ` +
        'Direction, rank and spectrum are like those of noise of the same size (×1.0 of random, noise ×0.99; spectrum ×0.98 of noise); ' +
        `w${MASK_NOISE} (overlap 25.8 %, noise 25.8 %).`,
    );
  });
  it('reinforcement learning, on the golden values', () => {
    expect(textOf(golden('rl', { twin: true }))).toBe(
      `Three quarters of the weights changed (74.6 %), ${SIZE} ` +
        "Everywhere the update is low-rank and leans into the base's main directions (×16 of random, noise ×0.98). " +
        'The spectrum moved three times as far as under noise of the same size (0.11 %, noise 0.038 %); ' +
        'the main directions turned less than under such noise (0.23°, noise 0.36°). ' +
        `W${MASK_NOISE} (overlap 26.7 %, noise 26.3 %).`,
    );
  });
  it('fine-tuning, on the golden values: no mask has room, so nothing is said of which weights changed', () => {
    expect(textOf(golden('sft', { twin: true }))).toBe(
      "Nearly all of the weights changed (98.8 %), by 18 % of the base's norm (one rounding to bf16 0.17 %), " +
        'more with depth (11 % in the first layer, 29 % in the last). ' +
        "Everywhere the update is low-rank and leans into the base's main directions (×11 of random, noise ×1.0). " +
        'The spectrum moved ×1.4 as far as under noise of the same size (2.4 %, noise 1.7 %); ' +
        'the main directions turned less than under such noise (5.8°, noise 9.2°).',
    );
  });
  it('a hot run', () => {
    expect(textOf(fixture('rl-hot'))).toBe(
      "Nine tenths of the weights changed (92.2 %), by 2.2 % of the base's norm (one rounding to bf16 0.17 %), " +
        'unevenly over the layers (2.0 % to 3.3 %). ' +
        "Everywhere the update is low-rank and leans into the base's main directions (×19 of random, noise ×0.99). " +
        'The spectrum moved ×2.6 as far as under noise of the same size (0.40 %, noise 0.15 %); ' +
        'the main directions turned less than under such noise (0.71°, noise 1.3°). ' +
        `W${MASK_NOISE} (overlap 29.0 %, noise 29.0 %).`,
    );
  });
  it('some layers and modules of 24 layers', () => {
    const given = fixture('llama24');
    expect(textOf(given)).toBe(
      'Half of the weights changed (50.1 %). The update is concentrated in layers 6-17 and 20 (over 99 % of its energy); ' +
        'layers 11, 12 and 20 moved about eight times as far (3.7 % against 0.48 %). ' +
        "In v and down the update is low-rank and lies in the base's main directions (×89 of random, noise ×0.97); " +
        'in q and k it is low-rank, but in no main direction (stable rank 8.8, noise 48). ' +
        'In v and down the spectrum moved five times as far as under noise of the same size (0.16 %, noise 0.032 %). ' +
        'Elsewhere it points like noise of the same size (×0.98 of random, noise ×0.99); ' +
        `w${MASK_NOISE} (overlap 19.8 %, noise 19.4 %).`,
    );
    // one matrix of layer 15 is missing, one of layer 9 holds NaN
    const cells = Object.fromEntries(clausesOf(answerTo(given)).map(({ code, matrices }) => [code, matrices?.length]));
    expect(cells).toEqual({
      share: undefined,
      concentrated: 89,
      far: 21,
      'direction-main-low': 26,
      'direction-no-direction-low': 25,
      'spectrum-further': 26,
      'direction-noise': 38,
      'mask-noise': undefined,
    });
    expect(theClause(given, 'direction-no-direction-low').figure).toBe('updateStableRank');
  });
  it('a mixture of experts', () => {
    const given = fixture('moe');
    expect(textOf(given)).toBe(
      "A third of the weights changed (36.3 %), by 0.35 % of the base's norm (one rounding to bf16 0.17 %). " +
        'Four experts moved ×5.8 to ×16 as far as the others: 7 in layer 5, 11 in layer 5, 3 in layer 2 and 7 in layer 3 (2.4 % against 0.15 %). ' +
        "In the experts that moved the update is low-rank and leans into the base's main directions (×20 of random, noise ×0.99). " +
        'router is too small to say (2 main directions only); ' +
        'elsewhere it points like noise of the same size (×0.97 of random, noise ×0.96); ' +
        `w${MASK_NOISE} (overlap 12.5 %, noise 12.5 %).`,
    );
    expect(theClause(given, 'experts').matrices).toHaveLength(12);
    expect(theClause(given, 'direction-main-low').matrices).toHaveLength(12);
    expect(theClause(given, 'direction-small').matrices).toHaveLength(8);
    expect(theClause(given, 'direction-noise').matrices).toHaveLength(404);
  });
  it('an adapter: few directions are its nature and no finding', () => {
    expect(textOf(fixture('lora'))).toBe(
      'A rank-8 adapter changes q, v and down in every layer (18 of 42 matrices), by 20 % of their norm (one rounding to bf16 0.17 %), ' +
        'more with depth (9.5 % in the first layer, 31 % in the last). ' +
        "Everywhere the update leans into the base's main directions (×13 of random, noise ×0.99). " +
        'The main directions turned less than under noise of the same size (3.0°, noise 7.8°); ' +
        "merged to bf16, 1.8 % of the touched weights would not move (under 0.001 % of the update's energy).",
    );
  });
  it('the same adapter on the golden values, without a twin', () => {
    expect(textOf(goldenAdapter())).toBe(
      'A rank-8 adapter changes q, v and down in every layer (18 of 42 matrices), by 20 % of their norm (one rounding to bf16 0.17 %), ' +
        'more with depth (9.5 % in the first layer, 31 % in the last). ' +
        "Everywhere the update leans into the base's main directions (×13 of random). " +
        `Merged to bf16, 1.8 % of the touched weights would not move (under 0.001 % of the update's energy). ${NO_TWIN}`,
    );
  });
  it('one matrix of many', () => {
    expect(textOf(fixture('one'))).toBe(
      'One matrix changed, layer 3, v (1 of 42), by 0.58 % of its norm (one rounding to bf16 0.17 %). ' +
        "The update is low-rank and leans into the base's main directions (×51 of random, noise ×1.1). " +
        'The spectrum moved ×5.7 as far as under noise of the same size (0.27 %, noise 0.047 %); ' +
        'the main directions turned less than under such noise (0.20°, noise 0.33°). ' +
        `W${MASK_NOISE} (overlap 26.5 %, noise 25.2 %).`,
    );
  });
  it('unrelated weights', () => {
    expect(textOf(fixture('unrelated'))).toBe(
      `This is not the base of that. Their weights point in unrelated directions (cosine -0.0011, base and tuned over 0.9). ${TWO_MODELS}`,
    );
  });
  it('the same spectra in another basis', () => {
    expect(textOf(fixture('rotated'))).toBe(
      `This is not the base of that. Their spectra agree, but in another basis: rotated, permuted or fused anew (cosine -0.044, base and tuned over 0.9; spectra 0.013 % apart). ${TWO_MODELS}`,
    );
  });
  it('nothing finite', () => {
    const given = fixture('null');
    expect(textOf(given)).toBe('No matrix could be compared: every one holds NaN or infinity (42 of 42 not finite).');
    expect(theClause(given, 'nothing-finite').matrices).toHaveLength(42);
  });
  it('a run without the noise twin: what needs it says so, and ranks and spectra make no finding', () => {
    expect(textOf(fixture('rl-hot', { bare: true }))).toBe(
      "Nine tenths of the weights changed (92.2 %), by 2.2 % of the base's norm (one rounding to bf16 0.17 %), " +
        'unevenly over the layers (2.0 % to 3.3 %). ' +
        "Everywhere the update leans into the base's main directions (×19 of random). " +
        `W${MASK_NOISE} (overlap 29.0 %, noise 29.0 %). ${NO_TWIN}`,
    );
  });
  it('the first steps of a run: no more than one rounding, on the golden values', () => {
    expect(textOf(golden('rl-step-100'))).toContain(
      ', by no more than one rounding to bf16 changes them (0.18 %, one rounding to bf16 0.17 %), evenly',
    );
  });
});

describe('while it is computed', () => {
  it('nothing is said before the change of every tensor is known', () => {
    const given = golden('rl');
    const tensors = new Map([...given.tensors].slice(1));
    expect(textOf({ ...given, tensors })).toBe('');
    // a tensor that failed is not waited for
    const [name = ''] = [...given.tensors.keys()];
    const failed = [{ name, error: { code: 'read-failed' as const, message: '' } }];
    expect(textOf({ ...given, tensors, summary: { ...given.summary, failed } })).toContain('of the weights changed');
  });
  it('direction and spectrum follow the spectra', () => {
    const given = golden('rl', { twin: true });
    const tensors = new Map<string, ComparisonTensor>(
      [...given.tensors].map(([name, one], at) => {
        const { angleRank: _left, ...metrics } = one.metrics;
        return [name, at % 2 ? { ...one, metrics } : one];
      }),
    );
    const done = [...tensors.values()].filter(({ metrics }) => metrics.angleRank !== undefined).length;
    expect(textOf({ ...given, tensors })).toBe(
      `Three quarters of the weights changed (74.6 %), ${SIZE} Direction and spectrum: ${done} of 42 matrices so far.`,
    );
  });
  it('spectra that failed are not waited for', () => {
    const given = golden('rl', { twin: true });
    const [name = ''] = [...given.tensors].find(([, { metrics }]) => metrics.nss !== undefined) ?? [];
    const { angleRank: _left, ...metrics } = given.tensors.get(name)?.metrics ?? LIKE_NOISE;
    const one = matrix(name, [128, 128], metrics);
    const tensors = new Map([...given.tensors, [name, one]]);
    expect(textOf({ ...given, tensors })).toContain('41 of 42 matrices so far');
    const failed = [{ name, error: { code: 'read-failed' as const, message: '' } }];
    expect(textOf({ ...given, tensors, summary: { ...given.summary, failed } })).toContain('The spectrum moved');
  });
  /** As the leading triplets of these matrices give it. */
  const leading = (given: Compared, isLeading: (at: number) => boolean): Compared => ({
    ...given,
    tensors: new Map(
      [...given.tensors].map(([name, one], at) => {
        const { nss: _nss, angleUMean: _u, angleVMean: _v, ...metrics } = one.metrics;
        return [name, isLeading(at) && one.metrics.nss !== undefined ? { ...one, metrics } : one];
      }),
    ),
  });
  it('without whole spectra it says where the update points, and what the rest needs', () => {
    const given = golden('rl', { twin: true });
    const text = textOf(leading(given, () => true));
    expect(text).toContain("Everywhere the update is low-rank and leans into the base's main directions");
    expect(text).toContain(
      'Whether the spectrum moved and how far the main directions turned needs the whole spectra.',
    );
    expect(text).not.toContain('The spectrum moved');
    // while they come it keeps to what is known of all matrices
    const half = leading(given, (at) => at % 2 === 0);
    const whole = [...half.tensors.values()].filter(({ metrics }) => metrics.nss !== undefined).length;
    expect(textOf(half)).toContain(`Spectrum: ${whole} of 42 matrices so far.`);
    expect(textOf(half)).not.toContain('The spectrum moved');
    // before all of them have been looked at
    const [name = ''] = [...half.tensors].find(([, { metrics }]) => metrics.angleRank !== undefined) ?? [];
    const { angleRank: _left, ...metrics } = half.tensors.get(name)?.metrics ?? LIKE_NOISE;
    const early = leading(given, () => true);
    const tensors = new Map([...early.tensors, [name, matrix(name, [128, 128], metrics)]]);
    expect(textOf({ ...early, tensors })).toContain('Where it points: 41 of 42 matrices so far.');
  });
  it('a run without spectra says that they were left out', () => {
    const given = golden('rl');
    const pairs = given.plan.pairs.map((pair) => ({ ...pair, spectral: false }));
    expect(textOf({ ...given, plan: { ...given.plan, pairs } })).toContain('Direction and spectrum were not computed.');
  });
});

describe('its JSON', () => {
  it('holds every clause with its kind, tab, figure and matrices, in plain English', () => {
    const { text, sentences, notes } = answerJson(answerTo(golden('rl', { twin: true })));
    expect(text).toBe(textOf(golden('rl', { twin: true })));
    expect(notes).toEqual([]);
    expect(sentences.map((clauses) => clauses.map(({ kind }) => kind))).toEqual([
      ['size', 'size', 'size'],
      ['finding'],
      ['finding', 'finding'],
      ['quiet'],
    ]);
    const [turn] = (sentences[2] ?? []).slice(1);
    expect(turn).toMatchObject({
      code: 'turn-less',
      text: 'the main directions turned less than under such noise',
      value: '0.23°',
      noise: 'noise 0.36°',
      tab: 'spectrum',
      figure: 'angleUMean',
    });
    expect(turn?.matrices).toHaveLength(42);
  });
  it('shows names of a file as they may be shown, and cuts them', () => {
    const name = `model.layers.0.a\u202eb${'x'.repeat(90)}.weight`;
    const one = (layer: string, updateNorm: number) =>
      matrix(name.replace('.0.', `.${layer}.`), [64, 64], { baseNorm: 1, updateNorm, relativeUpdate: updateNorm });
    const text = textOf(compared([one('0', 0.1), one('1', 0)]));
    expect(text).toContain('One matrix changed, layer 0, a\\u{202E}bxxx');
    expect(text).toContain('… (');
    expect(text).not.toContain('\u202e');
  });
});
