import { describe, expect, it } from 'vitest';
import { matrixViews } from '../../../src/checkpoint/index.ts';
import type { MatrixView } from '../../../src/checkpoint/types.ts';
import { config, row } from './folder.ts';

const brief = (views: MatrixView[]): [string, number, number][] =>
  views.map((view) => [view.name, view.rows, view.columns]);
/** Storage index of element (i, j), from the contract alone. */
function place(view: MatrixView, i: number, j: number): number {
  const rows = view.rowBlock
    ? Math.floor(i / view.rowBlock.size) * view.rowBlock.stride + (i % view.rowBlock.size) * view.rowStride
    : i * view.rowStride;
  return view.start + rows + j * view.columnStride;
}
/** Every element of the tensor lies in exactly one view. */
function expectPartition(views: MatrixView[], elements: number): void {
  const seen = new Set<number>();
  for (const view of views)
    for (let i = 0; i < view.rows; i++) for (let j = 0; j < view.columns; j++) seen.add(place(view, i, j));
  expect(seen.size).toBe(views.reduce((sum, view) => sum + view.rows * view.columns, 0));
  expect([Math.min(...seen), Math.max(...seen), seen.size]).toEqual([0, elements - 1, elements]);
}

describe('matrices inside tensors', () => {
  it('a plain matrix is one, other numbers of axes none', () => {
    expect(brief(matrixViews(row('model.layers.0.mlp.up_proj.weight', [6, 4]), null))).toEqual([
      ['model.layers.0.mlp.up_proj.weight', 6, 4],
    ]);
    for (const shape of [[], [5], [2, 3, 4], [2, 2, 2, 2]])
      expect(matrixViews(row('model.layers.0.conv.weight', shape), null)).toEqual([]);
  });
  it('Conv1D is transposed, its c_attn split along columns', () => {
    const views = matrixViews(row('h.0.attn.c_attn.weight', [4, 12], { transposed: true }), null);
    expect(brief(views).map(([name, ...shape]) => [name.slice(-2), ...shape])).toEqual([
      ['#q', 4, 4],
      ['#k', 4, 4],
      ['#v', 4, 4],
    ]);
    expect(place(views[1] as MatrixView, 2, 3)).toBe(3 * 12 + 4 + 2);
    expectPartition(views, 48);
  });
  it('Phi-3: rows q, k, v by the heads of the config', () => {
    const phi = config({ attentionHeads: 4, keyValueHeads: 2, headDim: 3, hiddenSize: 12 });
    const views = matrixViews(row('model.layers.0.self_attn.qkv_proj.weight', [24, 12]), phi);
    expect(brief(views).map(([, rows]) => rows)).toEqual([12, 6, 6]);
    expect(views.map((view) => view.module)).toEqual([
      'self_attn.qkv_proj#q',
      'self_attn.qkv_proj#k',
      'self_attn.qkv_proj#v',
    ]);
    expectPartition(views, 288);
  });
  it('does not guess: grouped heads without a config stay one matrix, equal thirds need none', () => {
    expect(matrixViews(row('model.layers.0.self_attn.qkv_proj.weight', [24, 12]), null)).toHaveLength(1);
    expect(matrixViews(row('model.layers.0.self_attn.qkv_proj.weight', [36, 12]), null)).toHaveLength(3);
    expect(matrixViews(row('gpt_neox.layers.0.attention.query_key_value.weight', [36, 12]), null)).toHaveLength(1);
  });
  it('gate and up are halves', () => {
    const views = matrixViews(row('model.layers.0.mlp.gate_up_proj.weight', [10, 3]), null);
    expect(brief(views)).toEqual([
      ['model.layers.0.mlp.gate_up_proj.weight#gate', 5, 3],
      ['model.layers.0.mlp.gate_up_proj.weight#up', 5, 3],
    ]);
    expectPartition(views, 30);
  });
  it('NeoX interleaves query, key and value per head', () => {
    const neox = config({ modelType: 'gpt_neox', attentionHeads: 2, keyValueHeads: 2, headDim: 3 });
    const views = matrixViews(row('gpt_neox.layers.0.attention.query_key_value.weight', [18, 6]), neox);
    expect(brief(views).map(([, rows]) => rows)).toEqual([6, 6, 6]);
    // head 1, dimension 0 of the key: heads are 9 rows apart, the key 3 rows into its head
    expect(place(views[1] as MatrixView, 3, 0)).toBe((9 + 3) * 6);
    expectPartition(views, 108);
  });
  it('Falcon with groups: query heads of a group, its key, its value', () => {
    const falcon = config({ modelType: 'falcon', attentionHeads: 4, keyValueHeads: 2, headDim: 2 });
    const views = matrixViews(row('transformer.h.0.self_attention.query_key_value.weight', [16, 8]), falcon);
    expect(brief(views).map(([, rows]) => rows)).toEqual([8, 4, 4]);
    expect(place(views[0] as MatrixView, 4, 0)).toBe(8 * 8);
    expectPartition(views, 128);
  });
  it('a stack that claims millions of experts is not taken apart', () => {
    const stack = (experts: number) => matrixViews(row('model.layers.0.mlp.experts.down_proj', [experts, 2, 2]), null);
    expect(stack(262_144)).toHaveLength(262_144);
    expect(stack(20_000_000)).toEqual([]);
  });
  it('a stack of experts is a matrix each, gate and up apart', () => {
    const qwen = config({ modelType: 'qwen3_5_moe', hiddenSize: 4 });
    const down = matrixViews(row('model.language_model.layers.0.mlp.experts.down_proj', [3, 4, 5]), qwen);
    expect(brief(down).map(([name, ...shape]) => [name.slice(-2), ...shape])).toEqual([
      ['#0', 4, 5],
      ['#1', 4, 5],
      ['#2', 4, 5],
    ]);
    expectPartition(down, 60);
    const gateUp = matrixViews(row('model.language_model.layers.0.mlp.experts.gate_up_proj', [2, 10, 4]), qwen);
    expect(brief(gateUp).map(([name, ...shape]) => [name.split('#').slice(1).join('#'), ...shape])).toEqual([
      ['0#gate', 5, 4],
      ['0#up', 5, 4],
      ['1#gate', 5, 4],
      ['1#up', 5, 4],
    ]);
    expectPartition(gateUp, 80);
  });
  it('gpt-oss stores experts [in, out] with gate and up alternating', () => {
    const oss = config({ modelType: 'gpt_oss', hiddenSize: 4 });
    const views = matrixViews(row('model.layers.0.mlp.experts.gate_up_proj', [2, 4, 10]), oss);
    expect(brief(views).map(([, ...shape]) => shape)).toEqual([
      [5, 4],
      [5, 4],
      [5, 4],
      [5, 4],
    ]);
    expect(place(views[1] as MatrixView, 2, 3)).toBe(3 * 10 + 2 * 2 + 1);
    expectPartition(views, 80);
  });
  it('a stack of biases is not a stack of matrices', () => {
    expect(matrixViews(row('model.layers.0.mlp.experts.gate_up_proj_bias', [2, 3, 4]), null)).toEqual([]);
  });
});
