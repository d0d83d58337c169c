import { describe, expect, it } from 'vitest';
import type { ComparisonTensor } from '../../../src/protocol/results.ts';
import type { ComparisonToView } from '../../../src/protocol/views.ts';
import { binned, ranges } from '../../../webview/comparison/curves.ts';
import { headsOf } from '../../../webview/shared/heads.ts';
import { labelsOf, orderModules } from '../../../src/families/labels.ts';
import { ends, isBeyond, outward } from '../../../webview/shared/heatmap-scale.ts';
import { metricById, moreMetrics, METRICS } from '../../../webview/comparison/metrics.ts';
import { TABS } from '../../../webview/comparison/tabs.ts';
import { ComparisonModel } from '../../../webview/comparison/model.ts';
import { picture } from '../../../webview/comparison/panels.ts';
import { readUi } from '../../../webview/comparison/view.ts';

describe('long profiles', () => {
  it('keep their mean when binned', () => {
    const values = Array.from({ length: 900 }, (_, i) => i % 3);
    const bins = binned(values, 300);
    expect(bins).toHaveLength(300);
    for (const bin of bins) expect(bin).toBeCloseTo(1, 12);
    expect(binned([1, 2], 300)).toEqual([1, 2]);
  });
  it('have head boundaries if the module has heads', () => {
    const heads = { attention: 4, keyValue: 2 };
    expect(headsOf('self_attn.q_proj', heads).rows).toBe(4);
    expect(headsOf('self_attn.v_proj', heads).rows).toBe(2);
    expect(headsOf('attn.c_attn#k', heads).rows).toBe(2);
    expect(headsOf('self_attn.o_proj', heads)).toMatchObject({ rows: 0, columns: 4 });
    expect(headsOf('mlp.c_proj', heads)).toMatchObject({ rows: 0, columns: 0 });
    expect(headsOf('self_attn.q_proj', null).rows).toBe(0);
  });
});

describe('names', () => {
  it('of layers become ranges', () => expect(ranges([5, 0, 1, 2, 2, 7])).toBe('0–2, 5, 7'));
  it('of columns are short if that is unambiguous', () => {
    const labels = labelsOf(['self_attn.q_proj', 'attn.c_attn#k', 'mlp.gate_proj', 'mlp.down_proj']);
    expect([...labels.values()]).toEqual(['q', 'k', 'gate', 'down']);
    const clash = labelsOf(['attn.c_proj', 'mlp.c_proj', 'mlp.c_fc']);
    expect(clash.get('attn.c_proj')).toBe('attn.c_proj');
    expect(clash.get('mlp.c_proj')).toBe('mlp.c_proj');
    expect(clash.get('mlp.c_fc')).toBe('c_fc');
    const many = labelsOf(['a.x.up_proj', 'b.x.up_proj', 'c.x.up_proj']);
    expect(new Set(many.values()).size).toBe(3);
  });
  it('of columns are ordered along the path of the data', () =>
    expect(orderModules(['mlp.down_proj', 'mlp.gate_proj', 'odd', 'self_attn.o_proj', 'self_attn.q_proj'])).toEqual([
      'self_attn.q_proj',
      'self_attn.o_proj',
      'mlp.gate_proj',
      'mlp.down_proj',
      'odd',
    ]));
});

describe('metric list', () => {
  it('has every field of sections A and B once, and steps around its ends', () => {
    const ids = METRICS.map((m) => m.id);
    expect(new Set(ids).size).toBe(ids.length);
    const wanted = [
      ...[
        'unchangedBf16',
        'unchangedRelative',
        'unchangedAbsolute',
        'updateDensity',
        'baseNorm',
        'updateNorm',
        'relativeUpdate',
      ],
      ...['updateSpectralNorm', 'updateStableRank', 'updateTop1Share', 'updateEffectiveRank', 'updateRankRatio'],
      ...[
        'updateOutlierCount',
        'nss',
        'spectralShare',
        'diagonalAmplification',
        'angleUMax',
        'angleUMean',
        'angleVMax',
        'angleVMean',
      ],
      ...['gap', 'wedinBound', 'wedinVacuous', 'illDefined', 'zeroShare', 'maskRank', 'angleRank'],
      ...['joint', 'left', 'right'].flatMap((s) => [`${s}Energy`, `${s}EnergyBaseline`, `${s}Ratio`]),
      ...['principal', 'low', 'principalNotLow'].flatMap((p) =>
        ['Overlap', 'Null', 'NullStep', 'Lift', 'Z', 'Position', 'PositionStep', 'Range0', 'Range1'].map((f) => p + f),
      ),
      ...['base.spectralNorm', 'tuned.powerLawAlpha', 'base.subnormal', 'tuned.std'],
    ];
    for (const id of wanted) expect(ids).toContain(id);
  });
  it('offers factors over noise of the same size if that is computed, of figures in which the two can differ', () => {
    const offered = (hasTwin: boolean): string[] =>
      TABS.flatMap((tab) => moreMetrics(tab, hasTwin, [])).flatMap(([, list]) => list.map(({ id }) => id));
    const added = offered(true).filter((id) => !offered(false).includes(id));
    expect(added).toEqual(offered(true).filter((id) => id.endsWith('OverNoise')));
    expect(added).toEqual(expect.arrayContaining(['nssOverNoise', 'angleUMaxOverNoise', 'jointEnergyOverNoise']));
    for (const id of ['relativeUpdate', 'updateNorm', 'jointEnergyBaseline', 'maskRank', 'illDefined', 'wedinVacuous'])
      expect(added, id).not.toContain(`${id}OverNoise`);
    const tensor = { metrics: { nss: 0.3, twin: { nss: 0.1 } } } as unknown as ComparisonTensor;
    expect(metricById('nssOverNoise').get(tensor)).toBeCloseTo(3, 12);
    expect(metricById('nssOverNoise').format(3)).toBe('×\u202f3');
  });
});

describe('a value beyond its scale', () => {
  it.each([
    [{ kind: 'log1', hi: 64 }, [1 / 64, 1, 64], [0, 1 / 65, 65]],
    [{ kind: 'lin', lo: 0, hi: 1 }, [0, 1, 1 + 1e-12], [-0.1, 1.01]],
    [{ kind: 'div', hi: 1 }, [-1, 0, 1], [-1.1, 2]],
    [{ kind: 'log', lo: 1e-5, hi: 1 }, [1e-5, 1], [0, 1e-6, 2]],
  ] as const)('of %o', (scale, within, beyond) => {
    for (const value of within) expect(outward(scale, value), String(value)).toBe(0);
    for (const value of beyond) {
      expect(isBeyond(scale, value), String(value)).toBe(true);
      expect(outward(scale, value), String(value)).toBe(value > ends(scale)[0] ? 1 : -1);
    }
  });
});

describe('the picture of a metric', () => {
  it('says at the ends of its axes that a value lies beyond them, and draws it past the end', () => {
    const [name, dtype] = ['model.layers.0.q.weight', { base: 'BF16', tuned: 'BF16' }];
    const pair = { name, layer: 0, module: 'q', shape: [8, 8], dtype, spectral: true };
    const metrics = {
      principalLift: 1,
      jointEnergy: 0.5,
      jointEnergyBaseline: 0.001,
      angleRank: 1,
      base: {},
      tuned: {},
    };
    const model = new ComparisonModel();
    model.apply({ type: 'plan', plan: { pairs: [pair], problems: [] } } as unknown as ComparisonToView);
    const tensors = [{ ...pair, metrics, flags: [], reasons: [] }];
    model.apply({ type: 'results', tensors, details: [], failed: [] } as unknown as ComparisonToView);
    const { profile, scale, endLabels: words } = picture(model, readUi({ tab: 'where' }));
    expect(words).toEqual(['1/64', '≥ 64']);
    expect(profile.ticks.map(profile.label)).toEqual(['1/64', '1', '≥ 64']);
    const [, energy] = profile.series.map((series) => series.at(0)?.middle ?? NaN);
    expect(energy).toBe(500);
    expect(outward(scale, energy ?? 0)).toBe(1);
  });
});

describe('stored UI state', () => {
  it('is taken if it fits and dropped if it does not', () => {
    expect(readUi({ figure: 'nss', cell: { layer: 2, module: 'q' }, fit: true, table: 1 })).toMatchObject({
      figure: 'nss',
      cell: { layer: 2, module: 'q' },
      fit: true,
      table: false,
    });
    expect(readUi({ cell: { layer: '2' } }).cell).toBeNull();
    expect(readUi('nonsense').tab).toBe('size');
  });
});
