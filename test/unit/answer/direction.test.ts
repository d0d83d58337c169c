import { describe, expect, it } from 'vitest';
import { fixture, findings, textOf, theClause, twinWith, written } from './cases.ts';

/** Times the share of a random direction. */
const times = (factor: number) => ({ jointEnergy: factor / 64 });

/** Eight matrices of which one thing is said. */
const ONE_MODULE = { modules: ['q_proj'], layers: 8 };

describe('where the update points', () => {
  it('avoids the main directions', () => {
    const text = textOf(written(() => times(0.25)));
    expect(text).toContain("Everywhere the update avoids the base's main directions (×0.25 of random, noise ×1).");
    expect(text).not.toContain('like those of noise');
  });
  it('is low-rank and avoids them', () => {
    const given = written(() => ({ ...times(0.25), updateStableRank: 4 }));
    expect(textOf(given)).toContain("Everywhere the update is low-rank and avoids the base's main directions");
  });
  it('leans into them, and lies in them from half of its energy on', () => {
    expect(textOf(written(() => times(31.9)))).toContain("the update leans into the base's main directions (×32");
    expect(textOf(written(() => times(32)))).toContain("the update lies in the base's main directions (×32");
    const low = (factor: number) => written(() => ({ ...times(factor), updateStableRank: 4 }));
    expect(textOf(low(31.9))).toContain("the update is low-rank and leans into the base's main directions");
    expect(textOf(low(32))).toContain("the update is low-rank and lies in the base's main directions");
  });
  it('is low-rank in no main direction, beside the rank of noise', () => {
    const given = written(() => ({ updateStableRank: 19 }));
    expect(textOf(given)).toContain(
      'Everywhere the update is low-rank, but in no main direction (stable rank 19, noise 40).',
    );
    expect(findings(given)).toEqual(['direction-no-direction-low']);
    // half of noise's rank is not under half
    expect(findings(written(() => ({ updateStableRank: 20 })))).toEqual([]);
    // the median is low, but fewer than three quarters are
    const low = (n: number) => findings(written(({ index }) => ({ updateStableRank: index < n ? 4 : 40 }), ONE_MODULE));
    expect([low(5), low(6)]).toEqual([[], ['direction-no-direction-low']]);
  });
  it('makes no finding of what noise of the same size does as well', () => {
    expect(findings(written(() => times(10)))).toEqual(['direction-main']);
    expect(findings(written(() => ({ ...times(10), ...twinWith(times(9)) })))).toEqual([]);
    expect(findings(written(() => ({ ...times(0.1), ...twinWith(times(0.11)) })))).toEqual([]);
  });
  it('needs three quarters of the matrices', () => {
    const on = (n: number) => findings(written(({ index }) => times(index < n ? 10 : 1), ONE_MODULE));
    expect([on(5), on(6)]).toEqual([[], ['direction-main']]);
  });
  it('tells modules apart, and what is like noise is said last', () => {
    const given = written(({ module }) => times(module === 'v_proj' ? 10 : 1));
    expect(textOf(given)).toContain(
      "In v the update leans into the base's main directions (×10 of random, noise ×1). " +
        'Elsewhere it points like noise of the same size (×1 of random, noise ×1); which',
    );
    expect(theClause(given, 'direction-main').matrices).toEqual(
      [0, 1, 2, 3].map((layer) => `model.layers.${layer}.self_attn.v_proj.weight`),
    );
  });
  it('is too small to say for r under 4, by METRICS.md; from 4 on what noise leaves one time in a thousand is no finding', () => {
    const of = (maskRank: number, factor: number) => written(() => ({ maskRank, ...times(factor) }));
    expect(textOf(of(3, 20))).toContain('q and v are too small to say (3 main directions only)');
    expect(textOf(of(1, 20))).toContain('q and v are too small to say (1 main direction only)');
    expect(theClause(of(3, 20), 'direction-small').kind).toBe('quiet');
    expect(findings(of(4, 2))).toEqual([]);
    expect(findings(of(4, 4))).toEqual(['direction-main']);
    expect(findings(of(16, 2))).toEqual(['direction-main']);
  });
  it('is not said of a base whose main directions are not determined', () => {
    const text = textOf(written(() => ({ ...times(10), illDefined: true })));
    expect(text).not.toContain('main directions (');
    expect(text).not.toContain('Direction, rank');
  });
  it('without a twin it is a random direction, and not noise, that it points like', () => {
    const text = textOf(written(() => times(1), { twin: false }));
    expect(text).toContain('The update points like a random direction (×1 of random);');
    expect(text).not.toMatch(/points like noise|those of noise/);
  });
  it('stands beside a finding of the spectrum, though it is like noise itself', () => {
    const text = textOf(written(() => ({ nss: 5e-3 })));
    expect(text).toContain('The spectrum moved five times as far as under noise of the same size');
    expect(text).toContain('The update points like noise of the same size (×1 of random, noise ×1)');
  });
  it('names few modules, and counts the rest', () => {
    const modules = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj', 'extra_proj'];
    const given = written(({ module }) => times(module === 'extra_proj' ? 1 : 10), { modules });
    expect(textOf(given)).toContain('In q, k, v, o, gate, up and 1 more the update leans');
  });
});

describe('which weights changed', () => {
  const mask = (position: number, z = 20 * position, room: [number, number] = [0.1, 0.5]) => ({
    ...{ principalPosition: position, principalPositionStep: position, principalPositionProportional: position },
    ...{ principalZ: z, principalRange: room, principalOverlap: 0.26 + 0.2 * position },
  });
  const some = (n: number, change: object) => written(({ index }) => (index < n ? change : {}));

  it("avoid the base's main entries", () => {
    const given = some(2, mask(-0.5));
    expect(textOf(given)).toContain(
      "In 2 of 8 matrices the changed weights avoid the base's main entries (overlap 16 %, rounding noise 26 %).",
    );
    expect(theClause(given, 'mask-off').matrices).toHaveLength(2);
    expect(textOf(given)).not.toContain('hich weights changed');
  });
  it("favour the base's main entries", () => {
    expect(textOf(some(8, mask(0.5)))).toContain(
      "In 8 of 8 matrices the changed weights favour the base's main entries (overlap 36 %, rounding noise 26 %).",
    );
  });
  it('are like rounding noise if fewer than a quarter of the judged matrices differ', () => {
    expect(findings(some(1, mask(-0.5)))).toEqual([]);
    expect(textOf(some(1, mask(-0.5)))).toContain('which weights changed is like rounding noise');
  });
  it('make a finding only against all three nulls, and only with z', () => {
    for (const id of ['principalPosition', 'principalPositionStep', 'principalPositionProportional'])
      expect(findings(some(8, { ...mask(-0.5), [id]: -0.1 }))).toEqual([]);
    expect(findings(some(8, mask(-0.5, -2)))).toEqual([]);
  });
  it('are not spoken of if half of the matrices have no room, or no main entries that are determined', () => {
    const tight = mask(0, 0, [0.25, 0.27]);
    expect(textOf(some(4, tight))).not.toContain('hich weights changed');
    expect(textOf(some(3, tight))).toContain('hich weights changed');
    expect(textOf(some(4, { ...mask(0), illDefined: true }))).not.toContain('hich weights changed');
    expect(findings(some(6, { ...mask(-0.5), illDefined: true }))).toEqual([]);
  });
});

describe('the spectrum and the main directions', () => {
  it('moved less far', () => {
    expect(textOf(written(() => ({ nss: 2e-4 })))).toContain(
      'The spectrum moved less far than under noise of the same size (0.020 %, noise 0.10 %).',
    );
  });
  it('moved further in some modules only', () => {
    const given = written(({ module }) => ({ nss: module === 'v_proj' ? 2.6e-3 : 1e-3 }));
    expect(textOf(given)).toContain('In v the spectrum moved ×2.6 as far as under noise of the same size');
    expect(theClause(given, 'spectrum-further').matrices).toHaveLength(4);
  });
  it('turned further, whether or not the spectrum moved', () => {
    const turned = { angleUMean: 3, angleVMean: 2 };
    expect(textOf(written(() => turned))).toContain(
      'The main directions turned further than under noise of the same size (2.5°, noise 1°).',
    );
    expect(textOf(written(() => ({ ...turned, nss: 2e-3 })))).toContain(
      'The spectrum moved twice as far as under noise of the same size (0.20 %, noise 0.10 %); the main directions turned further than under such noise (2.5°, noise 1°).',
    );
    expect(textOf(written(() => ({ angleUMean: 0.1, angleVMean: 0.1 })))).toContain('turned less than under noise');
  });
  it('make a finding from a factor of 1.25 on, of fewer than eight matrices from 1.5 on', () => {
    const of = (nss: number, layers: number) => findings(written(() => ({ nss }), { layers }));
    expect([of(1.2e-3, 4), of(1.3e-3, 4)]).toEqual([[], ['spectrum-further']]);
    expect([of(1.4e-3, 3), of(1.6e-3, 3)]).toEqual([[], ['spectrum-further']]);
    // three quarters have to be clear, not the median alone
    const most = (n: number) => findings(written(({ index }) => ({ nss: index < n ? 2e-3 : 1e-3 }), ONE_MODULE));
    expect([most(5), most(6)]).toEqual([[], ['spectrum-further']]);
  });
  it('needs as many to be clear of noise below it, by a tenth each', () => {
    const less = (n: number) => findings(written(({ index }) => ({ nss: index < n ? 5e-4 : 9.5e-4 }), ONE_MODULE));
    expect([less(5), less(6)]).toEqual([[], ['spectrum-less']]);
  });
  it('make none of what is below their resolution', () => {
    expect(findings(written(() => ({ nss: 1.9e-6, ...twinWith({ nss: 1e-7 }) })))).toEqual([]);
    const angle = (value: number) => ({ angleUMean: value, angleVMean: value });
    expect(findings(written(() => ({ ...angle(0.005), ...twinWith(angle(0.001)) })))).toEqual([]);
    expect(findings(written(() => ({ ...angle(0.006), ...twinWith(angle(0.001)) })))).toEqual(['turn-further']);
  });
  it('are like noise together with direction and rank, of one matrix as well', () => {
    const nothing =
      'Direction, rank and spectrum are like those of noise of the same size (×1 of random, noise ×1; spectrum ×1 of noise)';
    expect(textOf(written(() => ({})))).toContain(nothing);
    expect(textOf(written(({ index }) => (index === 3 ? {} : null)))).toContain(nothing);
    expect(theClause(fixture('noise'), 'all-like-noise').kind).toBe('quiet');
  });
});
