/** Saves that went wrong, and copies that are there by design. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import type { Finding } from '../../../src/protocol/health.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { codes16, f32, safetensors, type Entry } from '../formats/build.ts';

const CASES = 'test/fixtures/cases';
let analysis: Analysis;
const folder = temporaryFolder();
beforeAll(async () => {
  analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());

async function scan(path: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const event of analysis.scan({ path }, new AbortController().signal))
    if (event.type === 'finding') findings.push(event.finding);
  return findings;
}
const said = (found: readonly Finding[]): string[] => [
  ...new Set(found.map(({ severity, code }) => `${severity} ${code}`)),
];
let count = 0;
async function scanOf(tensors: Record<string, Entry>, config?: object): Promise<Finding[]> {
  const name = `made-${++count}`;
  if (config) folder.write(`${name}/config.json`, config);
  folder.write(`${name}/model.safetensors`, safetensors(tensors));
  return scan(join(folder.path, name));
}
/** BF16 codes 0x3f80 and on: no zeros, no two alike */
const some = (shape: number[], first = 0x3c00): Entry => ({
  dtype: 'BF16',
  shape,
  data: codes16(
    shape.reduce((a, b) => a * b, 1),
    first,
  ),
});
const zeros = (shape: number[]): Entry => ({ ...some(shape), data: new Uint8Array(some(shape).data.length) });

describe('weights without elements', () => {
  it('are errors, 20 of 21 of what ZeRO-3 leaves', async () => {
    const found = await scan(`${CASES}/zero3-empty-passes-check/shape-0`);
    const empty = found.filter(({ code }) => code === 'empty-weight');
    expect(empty.every(({ severity }) => severity === 'error')).toBe(true);
    expect(empty).toHaveLength(20);
    expect(empty[0]?.message).toContain('stage3_gather_16bit_weights_on_model_save');
  });
  it('of one element are told by their name, by their siblings or by the width', async () => {
    const found = await scanOf(
      {
        'model.layers.0.self_attn.q_proj.weight': some([1]),
        'model.layers.0.mixer.thing.weight': some([1]),
        'model.layers.1.mixer.thing.weight': some([8, 8]),
        'model.norm.weight': some([1]),
        logit_scale: some([1]),
        'layers.0.prelu.weight': some([1]),
      },
      { model_type: 'llama', hidden_size: 8 },
    );
    const tensors = found.flatMap(({ code, tensor }) => (code === 'placeholder-weight' ? [tensor] : []));
    expect(tensors).toEqual([
      'model.layers.0.self_attn.q_proj.weight',
      'model.layers.0.mixer.thing.weight',
      'model.norm.weight',
    ]);
  });
});

describe('zeros', () => {
  it('at the end of a file are a copy that was not finished, and a zero norm is a warning', async () => {
    const found = await scan(`${CASES}/zeros-called-initialised/tail-of-zeros`);
    expect(said(found)).toContain('error zero-tail');
    expect(found.find(({ tensor, code }) => tensor === 'model.norm.weight' && code === 'all-zero')?.severity).toBe(
      'warning',
    );
  });
  it("of Gemma's norms are how they start", async () => {
    const tensors = { 'model.layers.0.self_attn.q_proj.weight': some([8, 8]), 'model.norm.weight': zeros([8]) };
    expect(said(await scanOf(tensors, { model_type: 'gemma2' }))).toEqual(['info all-zero']);
    expect(said(await scanOf(tensors, { model_type: 'llama' }))).toEqual(['warning all-zero']);
  });
  it('of one last tensor, and of padding rows, are not an unfinished copy; within a row they are', async () => {
    const padded = some([16, 64]);
    padded.data.fill(0, 12 * 128);
    const cut = some([16, 64]);
    cut.data.fill(0, 12 * 128 + 50);
    const tail = async (data: Entry): Promise<boolean> =>
      said(await scanOf({ 'model.embed_tokens.weight': some([16, 64]), 'lm_head.weight': data })).includes(
        'error zero-tail',
      );
    expect(await tail(padded)).toBe(false);
    expect(await tail(zeros([16, 64]))).toBe(false);
    expect(await tail(cut)).toBe(true);
  });
  it('that begin within a norm and go on in the tensor behind it are one', async () => {
    const norm = some([64]);
    norm.data.fill(0, 65);
    const tensors = { 'model.layers.0.mlp.up_proj.weight': some([8, 64]), 'model.norm.weight': norm };
    const behind = { 'lm_head.weight': zeros([16, 64]) };
    expect(said(await scanOf({ ...tensors, ...behind }, { model_type: 'llama' }))).toContain('error zero-tail');
    expect(said(await scanOf({ ...tensors, ...behind }, { model_type: 'gemma' }))).not.toContain('error zero-tail');
    expect(said(await scanOf(tensors, { model_type: 'llama' }))).not.toContain('error zero-tail');
  });
  it('in the whole file are an unfinished download', async () => {
    const path = folder.write('zeros.safetensors', new Uint8Array(200_000));
    const facts = await analysis.open({ path });
    expect(facts.problems.map(({ code }) => code)).toEqual(['unfinished-download']);
  });
});

describe('copies by design', () => {
  it.each(['t5', 'rope-caches'])('%s passes', async (name) => {
    const found = await scan(`${CASES}/duplicate-false-alarms/${name}`);
    expect(found.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect(found.map(({ code }) => code)).not.toContain('duplicate');
  });
  it('caches of rotary positions are not parameters', async () => {
    const { parameters } = await analysis.open({ path: `${CASES}/duplicate-false-alarms/rope-caches` });
    expect(parameters).toBe(19_616);
  });
  it('neither are masks that every layer has', async () => {
    const mask: Entry = { dtype: 'F32', shape: [1, 1, 2, 2], data: f32(0, -1e9, 0, 0) };
    const tensors = Object.fromEntries([0, 1].map((layer) => [`layers.${layer}.attn.causal_mask`, mask]));
    expect(await scanOf({ 'layers.0.mlp.up_proj.weight': some([8, 8]), ...tensors })).toEqual([]);
  });
  it('a layer that predicts more tokens repeats the tables, and integer buffers are alike in every layer', async () => {
    const table = some([16, 8]);
    const index: Entry = { dtype: 'I64', shape: [4, 4], data: new Uint8Array(f32(...Array(32).keys()).buffer) };
    const found = await scanOf({
      'model.embed_tokens.weight': table,
      'model.layers.61.embed_tokens.weight': table,
      'lm_head.weight': some([16, 8], 0x3d00),
      'model.layers.61.shared_head.head.weight': some([16, 8], 0x3d00),
      'layers.0.attn.relative_position_index': index,
      'layers.1.attn.relative_position_index': index,
    });
    expect(said(found)).toEqual(['info tied-weights']);
    expect(found).toHaveLength(2);
  });
});

describe('config.json against what is there', () => {
  const SOUND = `${CASES}/zeros-called-initialised/tail-of-zeros`;
  const original = JSON.parse(readFileSync(join(SOUND, 'config.json'), 'utf8')) as Record<string, unknown>;
  async function problemsWith(change: Record<string, unknown>): Promise<string[]> {
    const path = join(folder.path, `config-${++count}`);
    cpSync(SOUND, path, { recursive: true });
    writeFileSync(join(path, 'config.json'), JSON.stringify({ ...original, ...change }));
    const { problems } = await analysis.open({ path });
    return problems.map(({ severity, code, message }) => `${severity} ${code} ${message}`);
  }
  it('says nothing if they agree', async () => {
    expect(await problemsWith({})).toEqual([]);
  });
  it.each<[string, Record<string, unknown>, RegExp]>([
    ['more layers', { num_hidden_layers: 4 }, /^warning config-layers .*says 4 layers, but 2 of them have no tensors/],
    ['fewer layers', { num_hidden_layers: 1 }, /^warning config-layers .*says 1 layers, but 1 more lie here/],
    ['another width', { hidden_size: 64 }, /^warning config-widths .*hidden_size 64, .* says 32, as \d+ more do/],
    ['a smaller MLP', { intermediate_size: 24 }, /^warning config-widths .*intermediate_size 24/],
    ['more heads', { num_attention_heads: 8 }, /^warning config-widths .*num_attention_heads x head_dim 64/],
    ['a larger vocabulary', { vocab_size: 128 }, /^warning config-vocabulary .*128, but it has 64 rows/],
    ['a smaller vocabulary', { vocab_size: 32 }, /^warning config-vocabulary .*32, but it has 64 rows/],
  ])('%s', async (_, change, expected) => {
    const problems = await problemsWith(change);
    expect(
      problems.some((problem) => expected.test(problem)),
      problems.join('\n'),
    ).toBe(true);
  });
  it('a router, an encoder and a head behind a wrapper are taken for what they are', async () => {
    const mixture = {
      'model.layers.0.block_sparse_moe.gate.weight': some([4, 8]),
      'model.layers.0.self_attn.o_proj.weight': some([8, 8]),
    };
    const config = { hidden_size: 8, intermediate_size: 16, num_hidden_layers: 1 };
    expect(said(await scanOf(mixture, { ...config, model_type: 'mixtral' }))).toEqual([]);
    const encoder = {
      'bert.encoder.layer.0.intermediate.dense.weight': some([16, 8]),
      'bert.encoder.layer.0.output.dense.weight': some([8, 16]),
    };
    expect(said(await scanOf(encoder, { ...config, model_type: 'bert' }))).toEqual([]);
    const wrapped = { 'policy.embed_tokens.weight': some([16, 8]), 'policy.lm_head.weight': some([16, 8], 0x3d00) };
    expect(said(await scanOf(wrapped, { model_type: 'llama', architectures: ['LlamaForCausalLM'] }))).toEqual([]);
  });
  it('a number before the names is not the number of a layer', async () => {
    const names = [0, 1].map((layer) => `0.auto_model.layers.${layer}.self_attn.q_proj.weight`);
    const tensors = Object.fromEntries(names.map((name, i) => [name, some([8, 8], 0x3c00 + i)]));
    expect(said(await scanOf(tensors, { model_type: 'llama', num_hidden_layers: 2, hidden_size: 8 }))).toEqual([]);
  });
  it('a head that is said to be tied and is not, and one that is said to be there and is not', async () => {
    const tensors = { 'model.embed_tokens.weight': some([16, 8]), 'model.norm.weight': some([8]) };
    const config = { model_type: 'llama', architectures: ['LlamaForCausalLM'], vocab_size: 16, hidden_size: 8 };
    const tied = { ...config, tie_word_embeddings: true };
    expect(said(await scanOf(tensors, tied))).toEqual([]);
    expect(said(await scanOf(tensors, config))).toEqual(['warning config-head']);
    const own = { ...tensors, 'lm_head.weight': some([16, 8], 0x3d00) };
    expect(said(await scanOf(own, tied))).toEqual(['warning config-head']);
    expect(said(await scanOf(own, config))).toEqual([]);
  });
});
