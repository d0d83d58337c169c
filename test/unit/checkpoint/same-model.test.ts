/** One model under two ways of naming and storing it: everything pairs, and the figures are those of equal layouts. */
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpoint, pairCheckpoints, readMatrix } from '../../../src/checkpoint/index.ts';
import type { Checkpoint, Pairing } from '../../../src/checkpoint/types.ts';
import { bf16Maker, safetensors, type Entry } from '../formats/build.ts';
import { temporaryFolder } from './folder.ts';

type Model = Record<string, Entry>;
const bf16 = bf16Maker();
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

describe('matrices that lie the other way round on one side', () => {
  const turned = (model: Model): Model =>
    Object.fromEntries(
      Object.entries(model).map(([name, one]) => [
        name,
        one.shape.length === 2 && name.includes('layers') ? transposed(one) : one,
      ]),
    );
  it('are read transposed, square ones too, and it is said', async () => {
    const pairing = await paired(LLAMA, turned(LLAMA));
    await expectSame(pairing);
    expect(pairing.notes.map(({ code }) => code)).toEqual(['pairing-transposed']);
  });
  it('are left as they are if one lies alike on both sides, or only one tells', async () => {
    const name = 'model.layers.1.mlp.up_proj.weight';
    const mixed = await paired(LLAMA, { ...turned(LLAMA), [name]: LLAMA[name] as Entry });
    expect(mixed.skipped.map(({ reason }) => reason)).toContain('shapes differ: [4, 8] against [8, 4]');
    expect(mixed.notes).toEqual([]);
  });
});

describe('one constant part of the names', () => {
  const cases: [string, (name: string) => string, (name: string) => string][] = [
    ['an unknown prefix of the tuned side', (name) => name, (name) => `anything.at_all.${name}`],
    ['one of the base', (name) => `policy.${name}`, (name) => name],
    ['one in place of another', (name) => `actor.${name}`, (name) => `student.net.${name}`],
    ['a number at the start', (name) => name, (name) => `0.auto.${name}`],
    ['a wrapper round the blocks', (name) => name, (name) => name.replace(/(layers\.\d+\.)/, '$1inner.')],
    ['one under the model', (name) => name, (name) => name.replace(/^model\./, 'model.llm.')],
  ];
  it('before codes that are not decoded: what can be compared is', async () => {
    const u8 = (...bytes: number[]): Entry => ({ dtype: 'U8', shape: [bytes.length, 1], data: Uint8Array.from(bytes) });
    const packed = Object.fromEntries(
      Object.entries(LLAMA).flatMap(([name, one]): [string, Entry][] =>
        one.shape.length === 2 && name.includes('layers')
          ? [
              [`llm.${name}`, u8(...one.data.subarray(0, one.data.length / 4))],
              ...['absmax', 'quant_map'].map((side): [string, Entry] => [`llm.${name}.${side}`, bf16(16)]),
              [`llm.${name}.quant_state.bitsandbytes__nf4`, u8(123, 125)],
            ]
          : [[`llm.${name}`, one]],
      ),
    );
    const { pairs, skipped, unpaired } = await paired(LLAMA, packed);
    expect(pairs).toHaveLength(5);
    expect(skipped.filter(({ reason }) => reason.startsWith('quantised (NF4)'))).toHaveLength(6);
    expect(unpaired.baseOnly).toEqual([]);
  });
  it.each(cases)('%s: all pair, and it is said', async (_, base, tuned) => {
    const pairing = await paired(renamed(LLAMA, base), renamed(LLAMA, tuned));
    await expectSame(pairing);
    expect(pairing.pairs).toHaveLength(Object.keys(LLAMA).length);
    expect(pairing.notes.map(({ code }) => code)).toEqual(['pairing-prefix']);
    expect(pairing.pairs.map(({ base: { place } }) => place.layer).filter((layer) => layer === 1)).toHaveLength(4);
    const modules = pairing.pairs.map(({ base: { place } }) => place.module);
    expect(modules.filter((module) => module.endsWith('self_attn.q_proj'))).toHaveLength(2);
  });
  it('another layer, another projection and another width are not a prefix', async () => {
    const only = (keep: RegExp, model = LLAMA): Model =>
      Object.fromEntries(Object.entries(model).filter(([name]) => keep.test(name)));
    for (const [base, tuned] of [
      [only(/layers\.0/), only(/layers\.1/)],
      [only(/q_proj/), renamed(only(/q_proj/), (name) => name.replace('q_proj', 'o_proj'))],
      [LLAMA, Object.fromEntries(Object.keys(LLAMA).map((name) => [`other.${name}`, bf16(6, 6)]))],
    ] as const) {
      const pairing = await paired(base, tuned);
      expect(pairing.pairs).toEqual([]);
      expect(pairing.notes.map(({ code }) => code)).not.toContain('pairing-prefix');
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

/** Numbers of a tensor by a function of the new index. */
function picked({ data }: Entry, shape: number[], from: (index: number) => number): Entry {
  const codes = new Uint16Array(data.slice().buffer);
  const count = shape.reduce((a, b) => a * b, 1);
  const to = Uint16Array.from({ length: count }, (_, i) => codes[from(i)] ?? 0);
  return { dtype: 'BF16', shape, data: new Uint8Array(to.buffer) };
}

describe('experts', () => {
  const [E, H, I] = [3, 6, 5];
  const path = 'model.layers.0.mlp.experts';
  const stack: Model = {
    'model.layers.0.self_attn.sinks': bf16(4),
    [`${path}.gate_up_proj`]: bf16(E, H, 2 * I),
    [`${path}.gate_up_proj_bias`]: bf16(E, 2 * I),
    [`${path}.down_proj`]: bf16(E, I, H),
    [`${path}.down_proj_bias`]: bf16(E, H),
  };
  const config = { model_type: 'gpt_oss', hidden_size: H };
  it("gpt-oss' alternating stacks against lists of fused ones, and against lists of single ones, biases too", async () => {
    const fused: Model = { 'model.layers.0.self_attn.sinks': stack['model.layers.0.self_attn.sinks']! };
    const single: Model = { ...fused };
    for (let e = 0; e < E; e++) {
      const gateUp = stack[`${path}.gate_up_proj`]!;
      const down = stack[`${path}.down_proj`]!;
      const start = e * H * 2 * I;
      fused[`${path}.gate_up_projs.${e}.weight`] = picked(
        gateUp,
        [2 * I, H],
        (i) => start + (i % H) * 2 * I + Math.floor(i / H),
      );
      fused[`${path}.gate_up_projs.${e}.bias`] = picked(
        stack[`${path}.gate_up_proj_bias`]!,
        [2 * I],
        (i) => e * 2 * I + i,
      );
      const downs = picked(down, [H, I], (i) => e * I * H + (i % I) * H + Math.floor(i / I));
      const downBias = picked(stack[`${path}.down_proj_bias`]!, [H], (i) => e * H + i);
      fused[`${path}.down_projs.${e}.weight`] = single[`${path}.${e}.down_proj.weight`] = downs;
      fused[`${path}.down_projs.${e}.bias`] = single[`${path}.${e}.down_proj.bias`] = downBias;
      ['gate_proj', 'up_proj'].forEach((name, half) => {
        single[`${path}.${e}.${name}.weight`] = picked(
          gateUp,
          [I, H],
          (i) => start + (i % H) * 2 * I + 2 * Math.floor(i / H) + half,
        );
        single[`${path}.${e}.${name}.bias`] = picked(
          stack[`${path}.gate_up_proj_bias`]!,
          [I],
          (i) => e * 2 * I + 2 * i + half,
        );
      });
    }
    for (const [base, tuned] of [
      [stack, fused],
      [fused, stack],
      [stack, single],
      [single, fused],
    ] as const) {
      const pairing = await paired(base, tuned, config);
      await expectSame(pairing);
      expect(pairing.pairs.filter(({ spectral }) => spectral)).toHaveLength(3 * E);
    }
  });
});

describe('a tower beside a language model', () => {
  // 32 heads and 2 for keys and values, 8 wide, also make up the 288 rows.
  const config = {
    model_type: 'glm4v',
    text_config: { hidden_size: 256, num_attention_heads: 32, num_key_value_heads: 2 },
    vision_config: { hidden_size: 96, num_heads: 12 },
  };
  const thirds = async (rows: number, columns: number, path: string): Promise<(readonly number[])[]> => {
    const model = { [`${path}.attn.qkv.weight`]: bf16(rows, columns) };
    return (await paired(model, model, config)).pairs.map(({ base }) => base.shape);
  };
  it('has heads of its own: three equal blocks first, else as vision_config says', async () => {
    const equal = [
      [96, 96],
      [96, 96],
      [96, 96],
    ];
    expect(await thirds(288, 96, 'model.visual.blocks.0')).toEqual(equal);
    expect(await thirds(288, 96, 'vision_tower.encoder.blocks.0')).toEqual(equal);
    expect(await thirds(288, 256, 'model.language_model.layers.0')).toEqual([
      [256, 256],
      [16, 256],
      [16, 256],
    ]);
    const shared = { ...config, vision_config: { ...config.vision_config, num_key_value_heads: 3 } };
    const model = { 'visual.blocks.0.attn.qkv.weight': bf16(144, 96) };
    expect((await paired(model, model, shared)).pairs.map(({ base }) => base.shape[0])).toEqual([96, 24, 24]);
  });
});

describe('tables of tokens', () => {
  const body = { 'model.layers.0.self_attn.q_proj.weight': bf16(8, 8), 'model.norm.weight': bf16(8) };
  const longer = { 'model.embed_tokens.weight': bf16(12, 8), 'lm_head.weight': bf16(12, 8), 'lm_head.bias': bf16(12) };
  const shorter = Object.fromEntries(
    Object.entries(longer).map(([name, value]) => [
      name,
      picked(value, value.shape.length === 1 ? [10] : [10, 8], (i) => i),
    ]),
  );
  it('of two lengths: the common rows are compared, and it is said', async () => {
    const grown = await paired({ ...shorter, ...body }, { ...longer, ...body });
    await expectSame(grown);
    expect(grown.notes.map(({ message }) => message)).toEqual([
      'The vocabulary has 10 tokens in the base and 12 in the tuned side: the first 10 rows of its tables are compared.',
    ]);
    const cut = await paired({ ...longer, ...body }, { ...shorter, ...body });
    expect(cut.skipped).toEqual([]);
    expect(cut.pairs.find(({ name }) => name === 'lm_head.weight')?.base.shape).toEqual([10, 8]);
    expect(cut.coverage.weights).toEqual({ compared: 80 + 80 + 10 + 72, all: 96 + 96 + 12 + 72 });
  });
  it('a classifier of two sizes is not one', async () => {
    const score = (labels: number): Model => ({ ...shorter, ...body, 'score.weight': bf16(labels, 8) });
    const { skipped, notes } = await paired(score(2), score(3));
    expect(skipped.map(({ reason }) => reason)).toEqual(['shapes differ: [2, 8] against [3, 8]']);
    expect(notes).toEqual([]);
  });
  it('a head on one side: against the embedding if config.json ties them, else left out', async () => {
    const table = bf16(12, 8);
    const tied = { 'model.embed_tokens.weight': table, ...body };
    const whole = { ...tied, 'lm_head.weight': table };
    const told = (tie?: boolean): object => ({
      model_type: 'llama',
      ...(tie === undefined ? {} : { tie_word_embeddings: tie }),
    });
    const both = await paired(whole, tied, told(true));
    await expectSame(both);
    expect(both.pairs.map(({ name, tuned }) => [name, tuned.tensor])).toContainEqual([
      'lm_head.weight',
      'model.embed_tokens.weight',
    ]);
    for (const tie of [false, undefined]) {
      const one = await paired(whole, tied, told(tie));
      expect(one.unpaired.baseOnly).toEqual(['lm_head.weight']);
      expect(one.notes.map(({ code }) => code)).toEqual(['pairing-head']);
    }
    const other = await paired(tied, whole, told(true));
    expect(other.unpaired.tunedOnly).toEqual(['lm_head.weight']);
    expect(other.coverage.weights.compared).toBe(other.coverage.weights.all);
    expect(other.notes.map(({ message }) => message).join()).toContain('compared once');
  });
});

describe('stacks of experts under any name', () => {
  const layer = 'model.layers.0';
  const gated: Model = { [`${layer}.moe.gate_all`]: bf16(3, 5, 8), [`${layer}.moe.router.weight`]: bf16(3, 8) };
  const spectral = ({ pairs }: Pairing): number => pairs.filter((pair) => pair.spectral).length;
  it('are told by the router of their block, or by config.json, and by nothing else', async () => {
    expect(spectral(await paired(gated, gated))).toBe(3 + 1);
    const alone = { [`${layer}.moe.gate_all`]: bf16(3, 5, 8) };
    expect(spectral(await paired(alone, alone, { num_local_experts: 3 }))).toBe(3);
    expect(spectral(await paired(alone, gated))).toBe(3);
    expect(spectral(await paired(alone, alone, { num_local_experts: 4 }))).toBe(0);
    const convolution = { [`${layer}.conv.weight`]: bf16(3, 1, 4), [`${layer}.mlp.gate.weight`]: bf16(3, 8) };
    expect(spectral(await paired(convolution, convolution))).toBe(1);
  });
  it("MLX's stacks, their width known, against lists", async () => {
    const up = bf16(3, 5, 8);
    const down = bf16(3, 8, 5);
    const stacks = {
      [`${layer}.mlp.switch_mlp.up_proj.weight`]: up,
      [`${layer}.mlp.switch_mlp.down_proj.weight`]: down,
    };
    const lists = Object.fromEntries(
      [0, 1, 2].flatMap((e) => [
        [`${layer}.mlp.experts.${e}.up_proj.weight`, picked(up, [5, 8], (i) => 40 * e + i)],
        [`${layer}.mlp.experts.${e}.down_proj.weight`, picked(down, [8, 5], (i) => 40 * e + i)],
      ]),
    );
    await expectSame(await paired(stacks, lists, { model_type: 'qwen3_moe', hidden_size: 8 }));
    await expectSame(await paired(lists, stacks, { model_type: 'qwen3_moe', hidden_size: 8 }));
  });
});
