import { describe, expect, it } from 'vitest';
import { answerTo } from '../../../src/answer/answer.ts';
import { compared, LIKE_NOISE, matrix, textOf, theClause, written } from './cases.ts';

const still = { ...LIKE_NOISE, updateNorm: 0, relativeUpdate: 0, updateDensity: 0 };
const name = (layer: number): string => `model.layers.${layer}.self_attn.q_proj.weight`;

describe('what is said alone', () => {
  it('far apart: neither related nor unrelated', () => {
    const given = written(() => ({ cosine: 0.6, nss: 0.2 }));
    expect(textOf(given)).toBe(
      'This is not the base of that. Their weights lie far apart (cosine 0.60, base and tuned over 0.9). The figures below compare two models; they do not show what training did.',
    );
    expect(theClause(given, 'lineage-apart')).toMatchObject({ kind: 'guard', figure: 'angleUMax' });
  });
  it('is said before any spectrum, from the cosines', () => {
    const metrics = { ...LIKE_NOISE, cosine: 0.01 };
    const { angleRank: _none, nss: _too, ...change } = metrics;
    expect(textOf(compared([0, 1].map((layer) => matrix(name(layer), [64, 64], change))))).toContain('far apart');
    const moved = { ...metrics, nss: 0.3 };
    expect(textOf(compared([0, 1].map((layer) => matrix(name(layer), [64, 64], moved))))).toContain('unrelated');
  });
  it('base and tuned from a cosine of 0.9 on', () => {
    expect(textOf(written(() => ({ cosine: 0.9 })))).toMatch(/^Half of the weights/);
    expect(textOf(written(() => ({ cosine: 0.899 })))).toMatch(/^This is not/);
  });
  it('nothing finite only if that is every matrix', () => {
    const bad = { ...LIKE_NOISE, baseNorm: null, updateNorm: null, relativeUpdate: null, cosine: null };
    const given = [bad, LIKE_NOISE].map((metrics, layer) => matrix(name(layer), [64, 64], metrics));
    expect(textOf(compared(given))).toMatch(/^Half of the weights changed/);
    expect(textOf(compared(given.slice(0, 1)))).toBe(
      'No matrix could be compared: every one holds NaN or infinity (1 of 1 not finite).',
    );
  });
  it('nothing changed only if that is every tensor, on the grid and beyond it', () => {
    const matrices = [0, 1].map((layer) => matrix(name(layer), [64, 64], still));
    const norm = (metrics: object) => matrix('model.norm.weight', [64], { ...still, ...metrics });
    expect(textOf(compared([...matrices, norm({})]))).toMatch(/^Nothing changed/);
    expect(textOf(compared([...matrices, norm({ updateDensity: 0.5, updateNorm: 1, relativeUpdate: 1 })]))).toMatch(
      /^0\.39 % of the weights changed/,
    );
    // what a float32 side keeps beyond the grid is a change
    expect(textOf(compared([...matrices, norm({ updateNorm: 1e-6, relativeUpdate: 1e-6 })]))).not.toContain('Nothing');
    // NaN equals NaN
    expect(textOf(compared([...matrices, norm({ updateNorm: null, relativeUpdate: null })]))).toMatch(/^Nothing/);
  });
  it('several casts are one sentence', () => {
    const casts = ['F32', 'F16'].map((base, layer) => matrix(name(layer), [64, 64], still, { base, tuned: 'BF16' }));
    expect(textOf(compared(casts))).toBe(
      'Only the storage types changed. Stored the same way, the base equals the tuned checkpoint in every weight (0 of 8 192 differ).',
    );
  });
  it('of a part of the base, that alone did not change', () => {
    const part = (dtype?: { base: string; tuned: string }): string => {
      const whole = compared([0, 1].map((layer) => matrix(name(layer), [64, 64], still, dtype)));
      return textOf({ ...whole, summary: { ...whole.summary, coverage: 0.843 } });
    };
    expect(part()).toBe(
      "Nothing changed in the weights that were compared (0 of 8 192 differ; compared are 84.3 % of the base's weights).",
    );
    expect(part({ base: 'F32', tuned: 'BF16' })).toMatch(
      /equals the tuned checkpoint in every weight that was compared \(0 of 8 192 differ; compared are 84\.3 %/,
    );
  });
  it('one matrix that changed is one of those that were compared', () => {
    const moved = { ...LIKE_NOISE, relativeUpdate: 0.01 };
    const whole = compared([moved, still].map((metrics, layer) => matrix(name(layer), [64, 64], metrics)));
    expect(textOf({ ...whole, summary: { ...whole.summary, coverage: 0.5 } })).toMatch(
      /^One matrix changed, layer 0, q \(1 of 2; compared are 50 % of the base's weights\)/,
    );
  });
  it('a comparison of nothing says nothing', () => {
    expect(answerTo(compared([])).sentences).toEqual([]);
  });
});
