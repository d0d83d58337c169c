import { describe, expect, it } from 'vitest';
import type { CheckpointFacts, TensorRow, TensorSpectrum, TensorStatistics } from '../../../../src/protocol/engine.ts';
import { packFacts } from '../../../../src/protocol/packedFacts.ts';
import type { SpectrumMetrics } from '../../../../src/protocol/results.ts';
import { cellOf, mapOf, valueOf } from '../../../../webview/inspector/map-model.ts';
import { mapMetric, MAP_METRICS, scaleOf, SPECTRUM_METRICS } from '../../../../webview/inspector/metrics.ts';
import { NO_FILTER } from '../../../../webview/inspector/find/filter.ts';
import { InspectorModel } from '../../../../webview/inspector/model.ts';
import { readUi, INITIAL_UI } from '../../../../webview/inspector/ui.ts';

const none = Object.fromEntries(SPECTRUM_METRICS.map(({ id }) => [id, null])) as unknown as SpectrumMetrics;
function spectrum(name: string, stableRank: number | null): TensorSpectrum {
  return {
    name,
    tensor: name.replace(/#.*/, ''),
    metrics: { ...none, stableRank },
    singularValues: [2, 1],
    mpEdge: 1,
    rows: 2,
    columns: 2,
    elapsedMs: 1,
    reasons: [],
  };
}
function row(layer: number, module: string, change: Partial<TensorRow> = {}): TensorRow {
  const name = `model.layers.${layer}.${module}.weight`;
  return {
    name,
    layer,
    module,
    dtype: 'BF16',
    shape: [2, 2],
    sizeBytes: 8,
    file: 'a',
    offset: 0,
    missing: false,
    role: 'block',
    spectral: true,
    ...change,
  };
}
function facts(tensors: TensorRow[]): CheckpointFacts {
  return {
    path: '/a',
    format: 'safetensors, one file',
    sizeBytes: 100,
    headerBytes: 10,
    parameters: 8,
    quantisation: [],
    dtypes: { BF16: tensors.length },
    shards: [],
    metadata: {},
    config: null,
    adapter: null,
    problems: [],
    memory: { weightsBytes: 0, weights: [], unknownTensors: 0, cache: null, reason: null },
    tensors,
  };
}
function opened(tensors: TensorRow[]): InspectorModel {
  const model = new InspectorModel();
  model.receive({ type: 'facts', facts: packFacts(facts(tensors)), baseSelected: null });
  return model;
}
const statistics = (name: string): TensorStatistics => ({
  name,
  stats: { min: 0, max: 1, mean: 0, std: 0.5, absMax: 1, zeros: 0, nan: 0, inf: 0, subnormal: 0 },
  histogram: null,
});
const stableRank = mapMetric('stableRank');

describe('map', () => {
  it('has a cell for every state: done, undefined, failed, pending, absent', () => {
    const rows = [row(0, 'q'), row(0, 'k'), row(1, 'q'), row(2, 'q')];
    const model = opened(rows);
    model.receive({ type: 'spectra', values: [spectrum(rows[0]!.name, 3), spectrum(rows[1]!.name, null)] });
    model.receive({ type: 'failed', name: rows[2]!.name, error: { code: 'read-failed', message: 'x' } });
    const map = mapOf(model);
    expect([map.layers, map.modules]).toEqual([
      [0, 1, 2],
      ['q', 'k'],
    ]);
    const cell = (layer: number, module: string) => cellOf(model, map.members(layer, module), stableRank);
    expect(cell(0, 'q')).toEqual({ status: 'done', value: 3 });
    expect(cell(0, 'k')).toEqual({ status: 'done', value: null });
    expect(cell(1, 'q')).toEqual({ status: 'failed', value: null });
    expect(cell(2, 'q')).toEqual({ status: 'pending', value: null });
    expect(cell(1, 'k')).toEqual({ status: 'absent', value: null });
  });
  it('splits a fused module into its parts once one of them is known', () => {
    const rows = [row(0, 'qkv'), row(1, 'qkv')];
    const model = opened(rows);
    expect(mapOf(model).modules).toEqual(['qkv']);
    model.receive({
      type: 'spectra',
      values: ['q', 'k', 'v'].map((part, i) => spectrum(`${rows[0]!.name}#${part}`, i)),
    });
    const map = mapOf(model);
    expect(map.modules).toEqual(['qkv#q', 'qkv#k', 'qkv#v']);
    expect(cellOf(model, map.members(1, 'qkv#k'), stableRank).status).toBe('pending');
  });
  it('takes the mean over the experts of a stack', () => {
    const stack = row(0, 'mlp.experts.down_proj', { shape: [3, 2, 2] });
    const model = opened([stack]);
    model.receive({ type: 'spectra', values: [1, 2, 6].map((rank, i) => spectrum(`${stack.name}#${i}`, rank)) });
    const map = mapOf(model);
    expect(map.modules).toEqual(['mlp.experts.down_proj']);
    expect(map.members(0, 'mlp.experts.down_proj')).toHaveLength(3);
    expect(cellOf(model, map.members(0, 'mlp.experts.down_proj'), stableRank)).toEqual({ status: 'done', value: 3 });
  });
  it('has a row for each layer that exists, whatever its number, and counts what the map has no room for', () => {
    const map = mapOf(opened([row(0, 'q'), row(999_999_999, 'q')]));
    expect([map.layers, map.leftOut]).toEqual([[0, 999_999_999], 0]);
    const many = mapOf(opened(Array.from({ length: 1200 }, (_, layer) => row(layer, `m${layer % 300}`))));
    expect([many.layers.length, many.modules.length]).toEqual([1000, 256]);
    // layers from 1000 on, and modules from 256 on in the rest: 3 x 44
    expect(many.leftOut).toBe(200 + 132);
  });
  it('shows figures of the elements without spectra', () => {
    const model = opened([row(0, 'q')]);
    model.receive({ type: 'statistics', values: [statistics('model.layers.0.q.weight')] });
    const [member] = mapOf(model).members(0, 'q');
    expect(member && valueOf(model, member, mapMetric('std'))).toBe(0.5);
  });
});
describe('model', () => {
  it('keeps results when only the selected base changes, and drops them when the file was read anew', () => {
    const tensors = [row(0, 'q')];
    const model = opened(tensors);
    model.receive({ type: 'statistics', values: [statistics(tensors[0]!.name)] });
    model.receive({ type: 'facts', facts: packFacts(facts(tensors)), baseSelected: '/b' });
    expect([model.statistics.size, model.baseSelected]).toEqual([1, '/b']);
    model.receive({ type: 'facts', facts: packFacts(facts(tensors)), baseSelected: '/b' });
    expect(model.statistics.size).toBe(0);
  });
  it('tells the failure of a part as the tensor’s', () => {
    const model = opened([row(0, 'qkv')]);
    model.receive({ type: 'failed', name: 'model.layers.0.qkv.weight#k', error: { code: 'bug', message: 'x' } });
    expect(model.failureOf('model.layers.0.qkv.weight')?.message).toBe('x');
  });
  it('reads no values of packed, integer, empty or missing tensors', () => {
    const model = opened([]);
    expect(model.isReadable(row(0, 'q'))).toBe(true);
    for (const change of [
      { dtype: 'F4' },
      { dtype: 'I64' },
      { dtype: 'F8_E8M0' },
      { sizeBytes: 0 },
      { missing: true },
      { offset: null },
    ])
      expect(model.isReadable(row(0, 'q', change))).toBe(false);
  });
  it('holds names that are keys of every object', () => {
    const model = opened([row(0, 'q', { name: '__proto__' }), row(0, 'k', { name: 'constructor' })]);
    expect(model.row('__proto__')?.tensor.module).toBe('q');
    expect(model.row('toString')).toBeNull();
  });
});
describe('scale', () => {
  it('is logarithmic from two decades on', () => {
    expect(scaleOf([1, 50]).kind).toBe('lin');
    expect(scaleOf([1, 100])).toEqual({ kind: 'log', lo: 1, hi: 100 });
    expect(scaleOf([-1, 1000]).kind).toBe('lin');
  });
  it('survives no value, one value and infinities', () => {
    expect(scaleOf([])).toEqual({ kind: 'lin', lo: 0, hi: 1 });
    expect(scaleOf([4, 4])).toEqual({ kind: 'lin', lo: 2, hi: 6 });
    expect(scaleOf([1, Infinity, 3])).toEqual({ kind: 'lin', lo: 1, hi: 3 });
  });
  it('has every figure once', () => {
    expect(new Set(MAP_METRICS.map(({ id }) => id)).size).toBe(24);
  });
});
describe('stored state', () => {
  it('is taken back as it was', () => {
    const ui = {
      ...INITIAL_UI,
      filter: { ...NO_FILTER, text: 'q', layers: '0-3', problems: true },
      filters: true,
      grouping: 'module' as const,
      outliers: true,
      sort: { key: 'std' as const, direction: -1 as const },
      closed: ['Layer 1'],
      scroll: 40,
    };
    expect(readUi(JSON.parse(JSON.stringify(ui)))).toEqual(ui);
  });
  it.each([
    [null],
    ['x'],
    [{ sort: { key: 'nope', direction: 2 }, closed: 'all', scroll: -1, filter: 7, view: 'other', grouping: 'x' }],
  ])('falls back on %j', (stored) => {
    expect(readUi(stored)).toEqual(INITIAL_UI);
  });
});
