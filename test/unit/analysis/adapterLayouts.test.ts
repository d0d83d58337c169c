import { describe, expect, it } from 'vitest';
import { pairAdapter, pairCheckpoints, readMatrix, type Checkpoint } from '../../../src/checkpoint/index.ts';
import { checkpointFolders, expectMatrix, file, merged, sum, Tensor } from '../checkpoint/adapterFiles.ts';

/** Adapters over a base that keeps their modules in another layout: the definition written out, element by element. */
const open = checkpointFolders();
const RANK = 2;
const SCALE = 3;
const PEFT = { peft_type: 'LORA', r: RANK, lora_alpha: RANK * SCALE };

/** B A of a module, and its tensors under PEFT's names. */
class Lora {
  private readonly a: Tensor;
  private readonly b: Tensor;
  constructor(
    private readonly module: string,
    out: number,
    inside: number,
    start: number,
  ) {
    this.a = new Tensor([RANK, inside], start);
    this.b = new Tensor([out, RANK], start + 0.5);
  }
  get tensors(): Record<string, Tensor> {
    const name = `base_model.model.${this.module}`;
    return { [`${name}.lora_A.weight`]: this.a, [`${name}.lora_B.weight`]: this.b };
  }
  at(i: number, j: number): number {
    return SCALE * sum(RANK, (k) => this.b.at(i, k) * this.a.at(k, j));
  }
}
const adapter = (
  loras: readonly Lora[],
  others: Record<string, Tensor> = {},
  config: object = {},
): Promise<Checkpoint> =>
  open({
    'adapter_model.safetensors': file({
      ...Object.fromEntries(loras.flatMap(({ tensors }) => Object.entries(tensors))),
      ...others,
    }),
    'adapter_config.json': { ...PEFT, ...config },
  });

// Four heads of 2, two key/value heads, width 8.
const HEADS = { hidden_size: 8, num_attention_heads: 4, num_key_value_heads: 2, head_dim: 2 };
const attn = 'model.layers.0.self_attn';
const mlp = 'model.layers.0.mlp';

describe('modules of q, k, v, gate and up over a base that has fused them', () => {
  const qkv = new Tensor([16, 8], 1);
  const gateUp = new Tensor([12, 8], 2);
  const bias = new Tensor([16], 3);
  const base = (): Promise<Checkpoint> =>
    open({
      'model.safetensors': file({
        [`${attn}.qkv_proj.weight`]: qkv,
        [`${attn}.qkv_proj.bias`]: bias,
        [`${mlp}.gate_up_proj.weight`]: gateUp,
      }),
      'config.json': { model_type: 'phi3', ...HEADS },
    });

  it('changes the rows of each, and says what it leaves', async () => {
    const [q, v, up] = [
      new Lora(`${attn}.q_proj`, 8, 8, 10),
      new Lora(`${attn}.v_proj`, 4, 8, 11),
      new Lora(`${mlp}.up_proj`, 6, 8, 12),
    ];
    const found = await merged(await base(), await adapter([q, v, up]));
    expect([...found.keys()].sort()).toEqual(
      [`${attn}.qkv_proj.weight#q`, `${attn}.qkv_proj.weight#v`, `${mlp}.gate_up_proj.weight#up`].sort(),
    );
    expectMatrix(found.get(`${attn}.qkv_proj.weight#q`), 8, 8, (i, j) => qkv.at(i, j) + q.at(i, j));
    expectMatrix(found.get(`${attn}.qkv_proj.weight#v`), 4, 8, (i, j) => qkv.at(12 + i, j) + v.at(i, j));
    expectMatrix(found.get(`${mlp}.gate_up_proj.weight#up`), 6, 8, (i, j) => gateUp.at(6 + i, j) + up.at(i, j));
  });

  it('scales the part of the bias that belongs to an output (IA3)', async () => {
    const [k, v] = [new Tensor([4, 1], 20), new Tensor([4, 1], 21)];
    const name = `base_model.model.${attn}`;
    const tuned = await open({
      'adapter_model.safetensors': file({ [`${name}.k_proj.ia3_l`]: k, [`${name}.v_proj.ia3_l`]: v }),
      'adapter_config.json': { peft_type: 'IA3' },
    });
    const found = await merged(await base(), tuned);
    expectMatrix(found.get(`${attn}.qkv_proj.weight#k`), 4, 8, (i, j) => qkv.at(8 + i, j) * k.at(i, 0));
    const factor = (i: number): number => (i < 8 ? 1 : i < 12 ? k.at(i - 8, 0) : v.at(i - 12, 0));
    expectMatrix(found.get(`${attn}.qkv_proj.bias`), 16, 1, (i) => bias.at(i) * factor(i));
  });

  it('DoRA takes the lengths of its own rows', async () => {
    const k = new Lora(`${attn}.k_proj`, 4, 8, 13);
    const m = new Tensor([4], 14);
    const tuned = await adapter(
      [k],
      { [`base_model.model.${attn}.k_proj.lora_magnitude_vector`]: m },
      { use_dora: true },
    );
    const before = (i: number, j: number): number => qkv.at(8 + i, j) + k.at(i, j);
    expectMatrix(
      (await merged(await base(), tuned)).get(`${attn}.qkv_proj.weight#k`),
      4,
      8,
      (i, j) => (m.at(i) / Math.sqrt(sum(8, (x) => before(i, x) ** 2))) * before(i, j),
    );
  });

  it('says so if the shapes are of another model', async () => {
    const tuned = await adapter([new Lora(`${attn}.q_proj`, 6, 8, 10)]);
    await expect(merged(await base(), tuned)).rejects.toThrow(/made for \[6, 8\], and the base's weight is \[8, 8\]/);
  });
});

it('query_key_value by groups: the rows of a head stand apart', async () => {
  const fused = new Tensor([16, 8], 1);
  const name = 'transformer.h.0.self_attention.query_key_value.weight';
  const base = await open({
    'model.safetensors': file({ [name]: fused }),
    'config.json': { model_type: 'falcon', new_decoder_architecture: true, num_kv_heads: 2, ...HEADS },
  });
  const [q, k] = [
    new Lora('transformer.h.0.self_attention.q_proj', 8, 8, 10),
    new Lora('transformer.h.0.self_attention.key', 4, 8, 11),
  ];
  const found = await merged(base, await adapter([q, k]));
  // Of each group: two query heads, a key head, a value head, 2 rows each.
  const rowOfQuery = (i: number): number => Math.floor(i / 4) * 8 + (i % 4);
  const rowOfKey = (i: number): number => Math.floor(i / 2) * 8 + 4 + (i % 2);
  expectMatrix(found.get(`${name}#q`), 8, 8, (i, j) => fused.at(rowOfQuery(i), j) + q.at(i, j));
  expectMatrix(found.get(`${name}#k`), 4, 8, (i, j) => fused.at(rowOfKey(i), j) + k.at(i, j));
});

it('c_attn of a Conv1D: the columns of the file', async () => {
  const fused = new Tensor([8, 24], 1);
  const base = await open({
    'model.safetensors': file({ 'h.0.attn.c_attn.weight': fused }),
    'config.json': { model_type: 'gpt2', n_embd: 8, n_head: 4 },
  });
  const k = new Lora('transformer.h.0.attn.k_proj', 8, 8, 10);
  expectMatrix(
    (await merged(base, await adapter([k]))).get('h.0.attn.c_attn.weight#k'),
    8,
    8,
    (i, j) => fused.at(j, 8 + i) + k.at(i, j),
  );
});

describe('fused modules over a base that keeps their parts', () => {
  const [q, k, v] = [new Tensor([8, 8], 1), new Tensor([4, 8], 2), new Tensor([4, 8], 3)];
  const [gate, up] = [new Tensor([6, 8], 4), new Tensor([6, 8], 5)];
  const base = (config: object = HEADS): Promise<Checkpoint> =>
    open({
      'model.safetensors': file({
        [`${attn}.q_proj.weight`]: q,
        [`${attn}.k_proj.weight`]: k,
        [`${attn}.v_proj.weight`]: v,
        [`${mlp}.gate_proj.weight`]: gate,
        [`${mlp}.up_proj.weight`]: up,
      }),
      'config.json': { model_type: 'llama', ...config },
    });
  const qkv = new Lora(`${attn}.qkv_proj`, 16, 8, 10);
  const gateUp = new Lora(`${mlp}.gate_up_proj`, 12, 8, 11);

  it('gives each its rows', async () => {
    const found = await merged(await base(), await adapter([qkv, gateUp]));
    expectMatrix(found.get(`${attn}.q_proj.weight`), 8, 8, (i, j) => q.at(i, j) + qkv.at(i, j));
    expectMatrix(found.get(`${attn}.k_proj.weight`), 4, 8, (i, j) => k.at(i, j) + qkv.at(8 + i, j));
    expectMatrix(found.get(`${attn}.v_proj.weight`), 4, 8, (i, j) => v.at(i, j) + qkv.at(12 + i, j));
    expectMatrix(found.get(`${mlp}.gate_proj.weight`), 6, 8, (i, j) => gate.at(i, j) + gateUp.at(i, j));
    expectMatrix(found.get(`${mlp}.up_proj.weight`), 6, 8, (i, j) => up.at(i, j) + gateUp.at(6 + i, j));
  });

  it('says that an initialisation from the whole weight is not to be worked out', async () => {
    const tuned = await adapter([qkv, gateUp], {}, { init_lora_weights: 'pissa' });
    await expect(merged(await base(), tuned)).rejects.toThrow(/worked out from the whole of its weight/);
  });
});

describe('single experts over a stack of them', () => {
  const stack = new Tensor([3, 8, 12], 1);
  const down = new Tensor([3, 6, 8], 2);

  it.each([
    ['a list of experts', `${mlp}.experts.2.up_proj`, `${mlp}.experts.1.down_proj`],
    ['Mixtral', 'model.layers.0.block_sparse_moe.experts.2.w3', 'model.layers.0.block_sparse_moe.experts.1.w2'],
  ])('%s', async (_, upName, downName) => {
    const base = await open({
      'model.safetensors': file({ [`${mlp}.experts.gate_up_proj`]: stack, [`${mlp}.experts.down_proj`]: down }),
      'config.json': { model_type: 'llama4', hidden_size: 8, num_local_experts: 3 },
    });
    const [up, out] = [new Lora(upName, 6, 8, 10), new Lora(downName, 8, 6, 11)];
    const found = await merged(base, await adapter([up, out]));
    expect(found.size).toBe(2);
    // stored [E, in, out], gate's columns first
    expectMatrix(found.get(`${mlp}.experts.gate_up_proj#2#up`), 6, 8, (i, j) => stack.at(2, j, 6 + i) + up.at(i, j));
    expectMatrix(found.get(`${mlp}.experts.down_proj#1`), 8, 6, (i, j) => down.at(1, j, i) + out.at(i, j));
  });

  it('a fused expert, its number last', async () => {
    const base = await open({
      'model.safetensors': file({ [`${mlp}.experts.gate_up_proj`]: stack }),
      'config.json': { model_type: 'gpt_oss', hidden_size: 8, num_local_experts: 3 },
    });
    const both = new Lora(`${mlp}.experts.gate_up_projs.2`, 12, 8, 10);
    const found = await merged(base, await adapter([both]));
    expect(found.size).toBe(2);
    // stored [E, in, out], gate and up alternating
    for (const [at, part] of ['gate', 'up'].entries())
      expectMatrix(
        found.get(`${mlp}.experts.gate_up_proj#2#${part}`),
        6,
        8,
        (i, j) => stack.at(2, j, 2 * i + at) + both.at(2 * i + at, j),
      );
  });

  it('a stack of gates over one of gates and ups', async () => {
    const both = new Tensor([3, 12, 8], 3);
    const base = await open({
      'model.safetensors': file({ [`${mlp}.experts.gate_up_proj`]: both }),
      'config.json': { model_type: 'qwen3_moe', hidden_size: 8, num_experts: 3 },
    });
    const [a, b] = [new Tensor([3, RANK, 8], 4), new Tensor([3, 6, RANK], 5)];
    const tuned = await open({
      'adapters.safetensors': file({
        [`${mlp}.switch_mlp.gate_proj.lora_a`]: a,
        [`${mlp}.switch_mlp.gate_proj.lora_b`]: b,
      }),
      'adapter_config.json': { fine_tune_type: 'lora', lora_parameters: { rank: RANK, scale: SCALE } },
    });
    const found = await merged(base, tuned);
    for (const e of [0, 1, 2])
      expectMatrix(
        found.get(`${mlp}.experts.gate_up_proj#${e}#gate`),
        6,
        8,
        (i, j) => both.at(e, i, j) + SCALE * sum(RANK, (x) => b.at(e, i, x) * a.at(e, x, j)),
      );
  });
});

describe('names that begin otherwise', () => {
  const q = new Tensor([8, 8], 1);
  it.each([
    ['a part of a model', 'thinker.layers.0.self_attn.q_proj', 'model.layers.0.self_attn.q_proj'],
    ['a model of parts', 'model.layers.0.self_attn.q_proj', 'thinker.layers.0.self_attn.q_proj'],
    ['two words', 'a.layers.0.self_attn.q_proj', 'b.c.layers.0.self_attn.q_proj'],
  ])('%s', async (_, module, name) => {
    const lora = new Lora(module, 8, 8, 10);
    const base = await open({
      'model.safetensors': file({ [`${name}.weight`]: q, 'x.norm.weight': new Tensor([8], 2) }),
    });
    const tuned = await adapter([lora]);
    expectMatrix((await merged(base, tuned)).get(`${name}.weight`), 8, 8, (i, j) => q.at(i, j) + lora.at(i, j));
    if (!tuned.adapter) throw new Error('It is not an adapter.');
    const { notes } = pairAdapter(base, tuned, tuned.adapter, { includeEmbeddings: true, tensors: null });
    expect(notes.map(({ code }) => code)).toContain('pairing-prefix');
  });

  it('is not guessed if two parts of the base have these names', async () => {
    const base = await open({
      'model.safetensors': file({
        'a.layers.0.self_attn.q_proj.weight': q,
        'b.layers.0.self_attn.q_proj.weight': new Tensor([8, 8], 2),
      }),
    });
    const tuned = await adapter([new Lora('c.layers.0.self_attn.q_proj', 8, 8, 10)]);
    await expect(merged(base, tuned)).rejects.toThrow(/no weight of that name/);
  });
});

it('a layer that MLX has wrapped and not merged is the base with its update', async () => {
  const [q, o] = [new Tensor([8, 8], 1), new Tensor([8, 8], 2)];
  const base = await open({
    'model.safetensors': file({ [`${attn}.q_proj.weight`]: q, [`${attn}.o_proj.weight`]: o }),
  });
  const [a, b] = [new Tensor([8, RANK], 3), new Tensor([RANK, 8], 4)];
  const whole = await open({
    'model.safetensors': file({
      [`${attn}.q_proj.linear.weight`]: q,
      [`${attn}.q_proj.lora_a`]: a,
      [`${attn}.q_proj.lora_b`]: b,
      [`${attn}.o_proj.weight`]: o,
    }),
    'adapter_config.json': { fine_tune_type: 'lora', lora_parameters: { rank: RANK, scale: SCALE } },
  });
  expect(whole.adapter?.facts.unmerged).toBe(true);
  const { pairs } = pairCheckpoints(base, whole, { includeEmbeddings: true, tensors: null });
  expect(pairs.map(({ name }) => name)).toEqual([`${attn}.q_proj.weight`, `${attn}.o_proj.weight`]);
  const weight = pairs[0]?.tuned;
  if (!weight) throw new Error('There is no pair.');
  const values = new Float64Array((await readMatrix(weight)).slice().buffer);
  expectMatrix(values, 8, 8, (i, j) => q.at(i, j) + SCALE * sum(RANK, (k) => b.at(k, i) * a.at(j, k)));
});

it('a base of codes goes by the names of its weights', async () => {
  const weight = `${attn}.q_proj`;
  const codes = Uint8Array.from({ length: 64 }, (_, i) => 0x30 + (i % 16));
  const base = await open({
    'model.safetensors': file({
      [`${weight}.weight`]: { dtype: 'F8_E4M3', shape: [8, 8], data: codes },
      [`${weight}.weight_scale`]: new Tensor([1], 1),
    }),
    'config.json': { model_type: 'llama', ...HEADS, quantization_config: { quant_method: 'fp8' } },
  });
  const tuned = await adapter([new Lora(weight, 8, 8, 10)]);
  expect([...(await merged(base, tuned)).keys()]).toEqual([`${weight}.weight`]);
});
