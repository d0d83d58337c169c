import { describe, expect, it } from 'vitest';
import { described, type Figure, grouped, lineOf, sorted } from '../../../../webview/inspector/rows.ts';
import { tensorRow as tensor } from './tensor-row.ts';

const rows = described([
  tensor('lm_head.weight', { role: 'head' }),
  tensor('model.layers.10.mlp.up_proj.weight'),
  tensor('model.layers.2.mlp.up_proj.weight', { shape: [2, 2] }),
  tensor('model.layers.2.self_attn.q_proj.weight'),
  tensor('model.embed_tokens.weight', { role: 'embedding' }),
  tensor('model.norm.weight', { role: 'norm', shape: [8] }),
]);
const text = (lines: ReturnType<typeof grouped>): string[] =>
  lines.map((line) => (line.kind === 'group' ? `[${line.group} ${line.count}]` : line.row.label));

describe('groups', () => {
  it('puts embeddings first, layers in number order, the rest last', () => {
    expect(text(grouped(rows, new Set()))).toEqual([
      '[Embedding 1]',
      'embed_tokens',
      '[Layer 2 2]',
      'mlp.up_proj',
      'self_attn.q_proj',
      '[Layer 10 1]',
      'mlp.up_proj',
      '[Output 2]',
      'lm_head',
      'norm',
    ]);
  });
  it('leaves out the lines of closed groups, and finds a tensor by its group', () => {
    const lines = grouped(rows, new Set(['Layer 2']));
    expect(text(lines).slice(0, 4)).toEqual(['[Embedding 1]', 'embed_tokens', '[Layer 2 2]', '[Layer 10 1]']);
    const hidden = rows[3];
    expect(hidden && lineOf(lines, hidden)).toBe(2);
  });
  it('sums the weights of a group', () => {
    const layer = grouped(rows, new Set()).find((line) => line.kind === 'group' && line.group === 'Layer 2');
    expect(layer).toMatchObject({ weights: 4 + 32 });
  });
});
describe('labels', () => {
  it('keeps the number of an expert', () => {
    const [row] = described([
      tensor('model.layers.3.mlp.experts.17.up_proj.weight', { module: 'mlp.experts.up_proj' }),
    ]);
    expect(row?.label).toBe('mlp.experts.17.up_proj');
  });
  it('clips names of any length', () => {
    expect(described([tensor('x'.repeat(1e6))])[0]?.label.length).toBeLessThan(400);
  });
  it('counts no weights if the shape is not known', () => {
    expect(described([tensor('a', { missing: true, shape: [] })])[0]?.weights).toBe(0);
  });
});
describe('other groupings', () => {
  it('by module puts the layers of one module in number order', () => {
    const lines = grouped(rows, new Set(), 'module');
    expect(text(lines)).toEqual([
      '[embed_tokens 1]',
      'embed_tokens',
      '[mlp.up_proj 2]',
      'mlp.up_proj',
      'mlp.up_proj',
      '[self_attn.q_proj 1]',
      'self_attn.q_proj',
      '[lm_head 1]',
      'lm_head',
      '[norm 1]',
      'norm',
    ]);
    const layers = lines.flatMap((line) => (line.kind === 'tensor' ? [line.row.tensor.layer] : []));
    expect(layers.slice(1, 3)).toEqual([2, 10]);
    const closed = grouped(rows, new Set(['mlp.up_proj']), 'module');
    const hidden = rows[1];
    expect(hidden && lineOf(closed, hidden, 'module')).toBe(2);
  });
  it('none is the order of the file', () => {
    expect(text(grouped(rows, new Set(), 'none'))).toEqual(rows.map((row) => row.label));
  });
});
describe('sorting', () => {
  const std = new Map([
    ['model.layers.2.mlp.up_proj.weight', 0.2],
    ['model.layers.10.mlp.up_proj.weight', 0.1],
  ]);
  const figures: Figure = (row, metric) => (metric === 'std' ? std.get(row.tensor.name) : null);
  const order = (key: 'std' | 'weights' | 'name' | 'stableRank', direction: 1 | -1): string[] =>
    sorted(rows, { key, direction }, figures).map((row) => row.tensor.name);
  it('keeps unknown values at the end in both directions', () => {
    expect(order('std', 1).slice(0, 2)).toEqual([
      'model.layers.10.mlp.up_proj.weight',
      'model.layers.2.mlp.up_proj.weight',
    ]);
    expect(order('std', -1).slice(0, 2)).toEqual([
      'model.layers.2.mlp.up_proj.weight',
      'model.layers.10.mlp.up_proj.weight',
    ]);
  });
  it('keeps the order of the file if nothing is known', () => {
    expect(order('stableRank', -1)).toEqual(rows.map((row) => row.tensor.name));
  });
  it('reads numbers in names as numbers', () => {
    const names = order('name', 1);
    expect(names.indexOf('model.layers.2.mlp.up_proj.weight')).toBeLessThan(
      names.indexOf('model.layers.10.mlp.up_proj.weight'),
    );
  });
  it('takes 35 743 tensors', () => {
    const many = described(
      Array.from({ length: 35_743 }, (_, i) => tensor(`model.layers.${i % 61}.mlp.experts.${i}.up_proj.weight`)),
    );
    expect(grouped(many, new Set())).toHaveLength(35_743 + 61);
    expect(sorted(many, { key: 'name', direction: 1 }, figures)).toHaveLength(35_743);
  });
});
