/** One model under two ways of naming and storing it: everything pairs, and the figures are those of equal layouts. */
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpoint, pairCheckpoints, readMatrix } from '../../../src/checkpoint/index.ts';
import type { Checkpoint, Pairing } from '../../../src/checkpoint/types.ts';
import { codes16, safetensors, type Entry } from '../formats/build.ts';
import { temporaryFolder } from './folder.ts';

type Model = Record<string, Entry>;
/** Codes that differ from tensor to tensor. */
let next = 1;
const bf16 = (...shape: number[]): Entry => ({
  dtype: 'BF16',
  shape,
  data: codes16(
    shape.reduce((a, b) => a * b, 1),
    (next += 977),
  ),
});
/** The same numbers [in, out]. */
function transposed({ dtype, shape: [rows = 0, columns = 0], data }: Entry): Entry {
  const from = new Uint16Array(data.slice().buffer);
  const to = Uint16Array.from(
    { length: from.length },
    (_, i) => from[(i % rows) * columns + Math.floor(i / rows)] ?? 0,
  );
  return { dtype, shape: [columns, rows], data: new Uint8Array(to.buffer) };
}
async function opened(model: Model, config?: object): Promise<Checkpoint> {
  const folder = temporaryFolder();
  if (config) folder.write('config.json', config);
  const checkpoint = await openCheckpoint(folder.write('model.safetensors', safetensors(model)));
  open.push(checkpoint);
  return checkpoint;
}
const open: Checkpoint[] = [];
afterAll(() => Promise.all(open.map((checkpoint) => checkpoint.close())));
async function paired(base: Model, tuned: Model, config?: object, tunedConfig = config): Promise<Pairing> {
  const [left, right] = [await opened(base, config), await opened(tuned, tunedConfig)];
  return pairCheckpoints(left, right, { includeEmbeddings: false, tensors: null });
}
/** Nothing is left, and every pair holds equal numbers. */
async function expectSame({ pairs, skipped, unpaired, coverage }: Pairing): Promise<void> {
  expect(skipped).toEqual([]);
  expect(unpaired).toEqual({ baseOnly: [], tunedOnly: [] });
  expect(coverage.weights.compared).toBe(coverage.weights.all);
  for (const { base, tuned, name } of pairs)
    expect(Buffer.compare(await readMatrix(base), await readMatrix(tuned)), name).toBe(0);
}
const renamed = (model: Model, rename: (name: string) => string): Model =>
  Object.fromEntries(Object.entries(model).map(([name, value]) => [rename(name), value]));
const LLAMA: Model = Object.fromEntries([
  ['model.embed_tokens.weight', bf16(16, 8)],
  ...[0, 1].flatMap((layer): [string, Entry][] => [
    [`model.layers.${layer}.self_attn.q_proj.weight`, bf16(8, 8)],
    [`model.layers.${layer}.self_attn.k_proj.weight`, bf16(4, 8)],
    [`model.layers.${layer}.mlp.up_proj.weight`, bf16(12, 8)],
    [`model.layers.${layer}.input_layernorm.weight`, bf16(8)],
  ]),
  ['model.norm.weight', bf16(8)],
  ['lm_head.weight', bf16(16, 8)],
]);

describe('one constant part of the names', () => {
  const cases: [string, (name: string) => string, (name: string) => string][] = [
    ['an unknown prefix of the tuned side', (name) => name, (name) => `anything.at_all.${name}`],
    ['one of the base', (name) => `policy.${name}`, (name) => name],
    ['one in place of another', (name) => `actor.${name}`, (name) => `student.net.${name}`],
    ['a number at the start', (name) => name, (name) => `0.auto.${name}`],
    ['a wrapper round the blocks', (name) => name, (name) => name.replace(/(layers\.\d+\.)/, '$1inner.')],
    ['one under the model', (name) => name, (name) => name.replace(/^model\./, 'model.llm.')],
  ];
  it.each(cases)('%s: all pair, and it is said', async (_, base, tuned) => {
    const pairing = await paired(renamed(LLAMA, base), renamed(LLAMA, tuned));
    await expectSame(pairing);
    expect(pairing.pairs).toHaveLength(Object.keys(LLAMA).length);
    expect(pairing.notes.map(({ code }) => code)).toEqual(['pairing-prefix']);
    expect(pairing.pairs.map(({ base: { place } }) => place.layer).filter((layer) => layer === 1)).toHaveLength(4);
    const modules = pairing.pairs.map(({ base: { place } }) => place.module);
    expect(modules.filter((module) => module.endsWith('self_attn.q_proj'))).toHaveLength(2);
  });
  it('another layer, another projection and another width are no prefix', async () => {
    const only = (keep: RegExp, model = LLAMA): Model =>
      Object.fromEntries(Object.entries(model).filter(([name]) => keep.test(name)));
    for (const [base, tuned] of [
      [only(/layers\.0/), only(/layers\.1/)],
      [only(/q_proj/), renamed(only(/q_proj/), (name) => name.replace('q_proj', 'o_proj'))],
      [LLAMA, Object.fromEntries(Object.keys(LLAMA).map((name) => [`other.${name}`, bf16(6, 6)]))],
    ] as const) {
      const pairing = await paired(base, tuned);
      expect(pairing.pairs).toEqual([]);
      expect(pairing.notes).toEqual([]);
    }
  });
});

describe('two spellings of a parameter', () => {
  it('gamma and beta of a norm; a gamma of something else stays', async () => {
    const base = {
      'bert.encoder.layer.0.output.LayerNorm.gamma': bf16(8),
      'bert.encoder.layer.0.output.LayerNorm.beta': bf16(8),
      'bert.encoder.layer.0.scale.gamma': bf16(8),
    };
    const tuned = renamed(base, (name) => name.replace('LayerNorm.gamma', 'LayerNorm.weight').replace('beta', 'bias'));
    await expectSame(await paired(base, tuned));
    const other = await paired(
      base,
      renamed(tuned, (name) => name.replace('scale.gamma', 'scale.weight')),
    );
    expect(other.unpaired.baseOnly).toEqual(['bert.encoder.layer.0.scale.gamma']);
  });
  it('weight_norm before and since PyTorch 2.0', async () => {
    const base = { 'decoder.conv.weight_g': bf16(4, 1, 1), 'decoder.conv.weight_v': bf16(4, 3, 3) };
    const since = (name: string): string =>
      name
        .replace('weight_g', 'parametrizations.weight.original0')
        .replace('weight_v', 'parametrizations.weight.original1');
    await expectSame(await paired(base, renamed(base, since)));
    await expectSame(await paired(renamed(base, since), base));
  });
});

describe('Conv1D against Linear', () => {
  const linear: Model = {
    'h.0.attn.c_attn.weight': bf16(24, 8),
    'h.0.attn.c_proj.weight': bf16(8, 8),
    'h.0.mlp.c_fc.weight': bf16(32, 8),
    'h.0.mlp.c_proj.weight': bf16(8, 32),
    'h.0.ln_1.weight': bf16(8),
  };
  const conv1d = Object.fromEntries(
    Object.entries(linear).map(([name, value]) => [name, value.shape.length === 2 ? transposed(value) : value]),
  );
  const without = (model: Model): Model =>
    Object.fromEntries(Object.entries(model).filter(([name]) => !name.includes('c_attn')));
  it('each side says by its c_attn how it is stored, in both directions', async () => {
    for (const [base, tuned] of [
      [linear, conv1d],
      [conv1d, linear],
      [conv1d, conv1d],
      [linear, linear],
    ] as const) {
      const pairing = await paired(base, tuned, { model_type: 'gpt2' });
      await expectSame(pairing);
      expect(pairing.pairs.find(({ name }) => name.includes('c_fc'))?.base.shape).toEqual([32, 8]);
    }
  });
  it('a side without c_attn and config is told by the shapes of the pair, square ones too', async () => {
    for (const [base, tuned] of [
      [conv1d, without(linear)],
      [conv1d, without(conv1d)],
      [without(linear), conv1d],
    ] as const) {
      const { pairs, skipped } = await paired(base, tuned);
      expect(skipped).toEqual([]);
      expect(pairs).toHaveLength(4);
      for (const pair of pairs)
        expect(Buffer.compare(await readMatrix(pair.base), await readMatrix(pair.tuned)), pair.name).toBe(0);
    }
  });
});
