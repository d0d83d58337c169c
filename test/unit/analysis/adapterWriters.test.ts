import { describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../../src/checkpoint/index.ts';
import { checkpointFolders, expectMatrix, file, merged, number, sum, Tensor } from '../checkpoint/adapterFiles.ts';

/** Adapters as MLX, Diffusers, Kohya and LyCORIS write them, against their definitions written out in float64. */
const open = checkpointFolders();

describe('MLX', () => {
  const q = new Tensor([6, 4], 1);
  const table = new Tensor([8, 4], 2);
  const stack = new Tensor([3, 5, 4], 3);
  const base = (): Promise<Checkpoint> =>
    open({
      'model.safetensors': file({
        'model.embed_tokens.weight': table,
        'model.layers.0.self_attn.q_proj.weight': q,
        'model.layers.0.mlp.switch_mlp.gate_proj.weight': stack,
      }),
      'config.json': { model_type: 'qwen3_moe', num_experts: 3, hidden_size: 4 },
    });
  const [a, b] = [new Tensor([4, 2], 4), new Tensor([2, 6], 5)];
  const [tableA, tableB] = [new Tensor([8, 2], 6), new Tensor([2, 4], 7)];
  const [stackA, stackB] = [new Tensor([3, 2, 4], 8), new Tensor([3, 5, 2], 9)];
  const factors = {
    'model.layers.0.self_attn.q_proj.lora_a': a,
    'model.layers.0.self_attn.q_proj.lora_b': b,
    'model.embed_tokens.lora_a': tableA,
    'model.embed_tokens.lora_b': tableB,
    'model.layers.0.mlp.switch_mlp.gate_proj.lora_a': stackA,
    'model.layers.0.mlp.switch_mlp.gate_proj.lora_b': stackB,
  };

  it.each([
    ['scale alone', { fine_tune_type: 'lora', lora_parameters: { rank: 2, scale: 20, dropout: 0 } }, 20],
    [
      'an alpha that is not used any more',
      { fine_tune_type: 'lora', lora_parameters: { rank: 2, alpha: 3, scale: 20 } },
      20,
    ],
    ['alpha, as it was before', { lora_parameters: { rank: 2, alpha: 16, scale: 10 } }, 80],
  ])('its scale: %s', async (_, config, scale) => {
    const tuned = await open({ 'adapters.safetensors': file(factors), 'adapter_config.json': config });
    expect(tuned.adapter?.facts).toMatchObject({ kind: 'LoRA', rank: 2, scale, matrices: 3 });
    expect(tuned.problems.filter(({ severity }) => severity !== 'info')).toEqual([]);
    const found = await merged(await base(), tuned);
    // mlx_lm/tuner/lora.py: weight + (scale lora_b.T) @ lora_a.T; of embeddings weight + (scale lora_a) @ lora_b.
    expectMatrix(
      found.get('model.layers.0.self_attn.q_proj.weight'),
      6,
      4,
      (i, j) => q.at(i, j) + scale * sum(2, (k) => b.at(k, i) * a.at(j, k)),
    );
    expectMatrix(
      found.get('model.embed_tokens.weight'),
      8,
      4,
      (i, j) => table.at(i, j) + scale * sum(2, (k) => tableA.at(i, k) * tableB.at(k, j)),
    );
    for (const e of [0, 1, 2])
      expectMatrix(
        found.get(`model.layers.0.mlp.switch_mlp.gate_proj.weight#${e}`),
        5,
        4,
        (i, j) => stack.at(e, i, j) + scale * sum(2, (k) => stackB.at(e, i, k) * stackA.at(e, k, j)),
      );
  });

  it('DoRA: m over the length of each row of the sum', async () => {
    const m = new Tensor([6], 10);
    const tuned = await open({
      'adapters.safetensors': file({
        'model.layers.0.self_attn.q_proj.lora_a': a,
        'model.layers.0.self_attn.q_proj.lora_b': b,
        'model.layers.0.self_attn.q_proj.m': m,
      }),
      'adapter_config.json': { fine_tune_type: 'dora', lora_parameters: { rank: 2, scale: 4, dropout: 0 } },
    });
    expect(tuned.adapter?.facts).toMatchObject({ kind: 'DoRA', scale: 4 });
    const before = (i: number, j: number): number => q.at(i, j) + 4 * sum(2, (k) => b.at(k, i) * a.at(j, k));
    expectMatrix(
      (await merged(await base(), tuned)).get('model.layers.0.self_attn.q_proj.weight'),
      6,
      4,
      (i, j) => (m.at(i) / Math.sqrt(sum(4, (x) => before(i, x) ** 2))) * before(i, j),
    );
  });

  it('without its config the scale is not known, and nothing is read', async () => {
    const tuned = await open({ 'adapters.safetensors': file(factors) });
    expect(tuned.adapter?.facts.scale).toBeNull();
    expect(tuned.problems).toContainEqual(expect.objectContaining({ code: 'adapter-alpha-missing' }));
    await expect(base().then((one) => merged(one, tuned))).rejects.toThrow(
      /its scale is not known: no adapter_config\.json/,
    );
  });
});

describe('Diffusers and Kohya', () => {
  const q = new Tensor([6, 4], 1);
  const out = new Tensor([4, 6], 2);
  const conv = new Tensor([5, 4, 3, 3], 3);
  const names = {
    q: 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q',
    out: 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0',
    conv: 'down_blocks.0.resnets.0.conv1',
  };
  const base = (): Promise<Checkpoint> =>
    open({
      'diffusion_pytorch_model.safetensors': file({
        [`${names.q}.weight`]: q,
        [`${names.out}.weight`]: out,
        [`${names.conv}.weight`]: conv,
      }),
    });
  const [downQ, upQ] = [new Tensor([2, 4], 4), new Tensor([6, 2], 5)];
  const [downOut, upOut] = [new Tensor([2, 6], 6), new Tensor([4, 2], 7)];
  const [downConv, upConv] = [new Tensor([2, 4, 3, 3], 8), new Tensor([5, 2, 1, 1], 9)];
  const kohya = (module: string): string => `lora_unet_${module.replaceAll('.', '_')}`;

  /** q and out at this scale. */
  async function expectLinear(tuned: Checkpoint, scale: number): Promise<Map<string, Float64Array>> {
    const found = await merged(await base(), tuned);
    expectMatrix(
      found.get(`${names.q}.weight`),
      6,
      4,
      (i, j) => q.at(i, j) + scale * sum(2, (k) => upQ.at(i, k) * downQ.at(k, j)),
    );
    expectMatrix(
      found.get(`${names.out}.weight`),
      4,
      6,
      (i, j) => out.at(i, j) + scale * sum(2, (k) => upOut.at(i, k) * downOut.at(k, j)),
    );
    return found;
  }

  it.each([
    [
      'processors, up to 0.16',
      `unet.${names.q.replace('to_q', 'processor.to_q_lora')}.down.weight`,
      `unet.${names.q.replace('to_q', 'processor.to_q_lora')}.up.weight`,
      `unet.${names.out.replace('to_out.0', 'processor.to_out_lora')}.down.weight`,
      `unet.${names.out.replace('to_out.0', 'processor.to_out_lora')}.up.weight`,
    ],
    [
      'lora.down',
      `unet.${names.q}.lora.down.weight`,
      `unet.${names.q}.lora.up.weight`,
      `unet.${names.out}.lora.down.weight`,
      `unet.${names.out}.lora.up.weight`,
    ],
    [
      'lora_linear_layer',
      `unet.${names.q}.lora_linear_layer.down.weight`,
      `unet.${names.q}.lora_linear_layer.up.weight`,
      `unet.${names.out}.lora_linear_layer.down.weight`,
      `unet.${names.out}.lora_linear_layer.up.weight`,
    ],
    [
      'lora_A, since 0.22',
      `unet.${names.q}.lora_A.weight`,
      `unet.${names.q}.lora_B.weight`,
      `unet.${names.out}.lora_A.weight`,
      `unet.${names.out}.lora_B.weight`,
    ],
  ])('%s: without an alpha the scale is 1', async (_, ...tensors) => {
    const own = [downQ, upQ, downOut, upOut];
    const tuned = await open({
      'pytorch_lora_weights.safetensors': file(Object.fromEntries(tensors.map((name, i) => [name, own[i] as Tensor]))),
    });
    expect(tuned.adapter?.facts).toMatchObject({ kind: 'LoRA', rank: 2, scale: 1, matrices: 2 });
    expect([...tuned.tensors.values()].map(({ layer }) => layer)).toEqual([0, 0, 0, 0]);
    await expectLinear(tuned, 1);
  });

  it('the header says rank and alpha of each model of the pipeline', async () => {
    const settings = {
      'unet.r': 2,
      'unet.lora_alpha': 3,
      'unet.use_rslora': true,
      'unet.alpha_pattern': {},
      'unet.peft_type': 'LORA',
    };
    const tuned = await open({
      'pytorch_lora_weights.safetensors': file(
        {
          [`unet.${names.q}.lora_A.weight`]: downQ,
          [`unet.${names.q}.lora_B.weight`]: upQ,
          [`unet.${names.out}.lora_A.weight`]: downOut,
          [`unet.${names.out}.lora_B.weight`]: upOut,
        },
        { format: 'pt', lora_adapter_metadata: JSON.stringify(settings) },
      ),
    });
    await expectLinear(tuned, 3 / Math.sqrt(2));
  });

  it('Kohya: alpha / r from the file, convolutions, paths with "_" for "."', async () => {
    const tuned = await open({
      'a.safetensors': file({
        [`${kohya(names.q)}.lora_down.weight`]: downQ,
        [`${kohya(names.q)}.lora_up.weight`]: upQ,
        [`${kohya(names.q)}.alpha`]: number(5),
        [`${kohya(names.out)}.lora_down.weight`]: downOut,
        [`${kohya(names.out)}.lora_up.weight`]: upOut,
        [`${kohya(names.out)}.alpha`]: number(5),
        [`${kohya(names.conv)}.lora_down.weight`]: downConv,
        [`${kohya(names.conv)}.lora_up.weight`]: upConv,
        [`${kohya(names.conv)}.alpha`]: number(1),
      }),
    });
    expect(tuned.adapter?.facts).toMatchObject({ kind: 'LoRA', rank: 2, scale: null, matrices: 3 });
    const found = await expectLinear(tuned, 2.5);
    // A 3 x 3 convolution after a 1 x 1 one: the kernel lies in the first.
    expectMatrix(
      found.get(`${names.conv}.weight`),
      5,
      36,
      (i, j) =>
        (conv.values[i * 36 + j] as number) +
        0.5 * sum(2, (k) => upConv.at(i, k, 0, 0) * (downConv.values[k * 36 + j] as number)),
    );
  });

  it('Kohya without an alpha: the scale is 1', async () => {
    const tuned = await open({
      'a.safetensors': file({
        [`${kohya(names.q)}.lora_down.weight`]: downQ,
        [`${kohya(names.q)}.lora_up.weight`]: upQ,
        [`${kohya(names.out)}.lora_down.weight`]: downOut,
        [`${kohya(names.out)}.lora_up.weight`]: upOut,
      }),
    });
    await expectLinear(tuned, 1);
  });

  it('LoCon: a core between the factors of a convolution', async () => {
    const [up, mid, down] = [new Tensor([5, 2, 1, 1], 10), new Tensor([2, 3, 3, 3], 11), new Tensor([3, 4, 1, 1], 12)];
    const tuned = await open({
      'a.safetensors': file({
        [`${kohya(names.conv)}.lora_down.weight`]: down,
        [`${kohya(names.conv)}.lora_up.weight`]: up,
        [`${kohya(names.conv)}.lora_mid.weight`]: mid,
        [`${kohya(names.conv)}.alpha`]: number(6),
      }),
    });
    // lycoris/functional/general.py: einsum('i j k l, p i, j r -> p r k l', mid, up, down), times alpha / rank of down.
    expectMatrix((await merged(await base(), tuned)).get(`${names.conv}.weight`), 5, 36, (i, j) => {
      const [input, kernel] = [Math.floor(j / 9), j % 9];
      const product = sum(2, (p) =>
        sum(3, (c) => up.at(i, p, 0, 0) * (mid.values[(p * 3 + c) * 9 + kernel] as number) * down.at(c, input, 0, 0)),
      );
      return (conv.values[i * 36 + j] as number) + 2 * product;
    });
  });

  it('LyCORIS: LoHa with alpha, LoKr of whole factors at scale 1, DoRA of outputs and of inputs', async () => {
    const hada = [
      new Tensor([6, 2], 13),
      new Tensor([2, 4], 14),
      new Tensor([6, 2], 15),
      new Tensor([2, 4], 16),
    ] as const;
    const loha = await open({
      'a.safetensors': file({
        [`${kohya(names.q)}.hada_w1_a`]: hada[0],
        [`${kohya(names.q)}.hada_w1_b`]: hada[1],
        [`${kohya(names.q)}.hada_w2_a`]: hada[2],
        [`${kohya(names.q)}.hada_w2_b`]: hada[3],
        [`${kohya(names.q)}.alpha`]: number(1),
      }),
    });
    expect(loha.adapter?.facts).toMatchObject({ kind: 'LoHa', rank: 2, scale: 0.5 });
    const times = (a: Tensor, b: Tensor, i: number, j: number): number => sum(2, (k) => a.at(i, k) * b.at(k, j));
    expectMatrix(
      (await merged(await base(), loha)).get(`${names.q}.weight`),
      6,
      4,
      (i, j) => q.at(i, j) + 0.5 * times(hada[0], hada[1], i, j) * times(hada[2], hada[3], i, j),
    );
    const [w1, w2] = [new Tensor([2, 2], 17), new Tensor([3, 2], 18)];
    const lokr = await open({
      'a.safetensors': file({
        [`${kohya(names.q)}.lokr_w1`]: w1,
        [`${kohya(names.q)}.lokr_w2`]: w2,
        [`${kohya(names.q)}.alpha`]: number(64),
      }),
    });
    expect(lokr.adapter?.facts).toMatchObject({ kind: 'LoKr', scale: 1 });
    expectMatrix(
      (await merged(await base(), lokr)).get(`${names.q}.weight`),
      6,
      4,
      (i, j) => q.at(i, j) + w1.at(Math.floor(i / 3), Math.floor(j / 2)) * w2.at(i % 3, j % 2),
    );
    // comfy/weight_adapter/base.py weight_decompose: the length of outputs, or of inputs, whichever the scales lie along.
    for (const [shape, along] of [
      [[6, 1], 'outputs'],
      [[1, 4], 'inputs'],
    ] as const) {
      const lengths = new Tensor([...shape], 19);
      const dora = await open({
        'a.safetensors': file({
          [`${kohya(names.q)}.lora_down.weight`]: downQ,
          [`${kohya(names.q)}.lora_up.weight`]: upQ,
          [`${kohya(names.q)}.dora_scale`]: lengths,
          [`${kohya(names.q)}.alpha`]: number(2),
        }),
      });
      expect(dora.adapter?.facts.kind).toBe('DoRA');
      const before = (i: number, j: number): number => q.at(i, j) + times(upQ, downQ, i, j);
      expectMatrix((await merged(await base(), dora)).get(`${names.q}.weight`), 6, 4, (i, j) => {
        const length = along === 'outputs' ? sum(4, (x) => before(i, x) ** 2) : sum(6, (x) => before(x, j) ** 2);
        return ((lengths.values[along === 'outputs' ? i : j] as number) / Math.sqrt(length)) * before(i, j);
      });
    }
  });
});

describe('what PEFT defined otherwise before', () => {
  const module = 'base_model.model.model.layers.0.self_attn.q_proj';
  const name = 'model.layers.0.self_attn.q_proj.weight';
  const q = new Tensor([6, 4], 1);
  const base = (): Promise<Checkpoint> => open({ 'model.safetensors': file({ [name]: q }) });
  const tuned = (tensors: Record<string, Tensor>, config: object): Promise<Checkpoint> =>
    open({ 'adapter_model.safetensors': file(tensors), 'adapter_config.json': config });

  it.each([
    [undefined, 2],
    ['0.17.1', 2],
    ['0.18.0', 1],
    ['1.0.0', 1],
  ])('OFT of version %s: the last term of the series counts %d times', async (version, times) => {
    const numbers = new Tensor([2, 1], 5);
    const checkpoint = await tuned(
      { [`${module}.oft_R.weight`]: numbers },
      {
        peft_type: 'OFT',
        oft_block_size: 2,
        use_cayley_neumann: true,
        num_cayley_neumann_terms: 5,
        peft_version: version,
      },
    );
    // Blocks of two: S = [[0, s], [-s, 0]], S^2 = -s^2 I, S^3 = -s^2 S, S^4 = s^4 I; R = I + 2 S + 2 S^2 + 2 S^3 + (1 or 2) S^4.
    expectMatrix((await merged(await base(), checkpoint)).get(name), 6, 4, (i, j) => {
      const [block, at] = [Math.floor(j / 2), j % 2];
      const skew = numbers.at(block, 0);
      const [own, other] = [1 - 2 * skew ** 2 + times * skew ** 4, 2 * skew - 2 * skew ** 3];
      const [x, y] = [q.at(i, 2 * block), q.at(i, 2 * block + 1)];
      return at === 0 ? own * x + other * y : own * y - other * x;
    });
  });

  it('OFT of 0.14 and 0.15: square blocks, of which the skew part counts, and scales of the outputs', async () => {
    const [blocks, scales] = [new Tensor([2, 2, 2], 5), new Tensor([6, 1], 6)];
    const checkpoint = await tuned(
      { [`${module}.oft_r`]: blocks, [`${module}.oft_s`]: scales },
      { peft_type: 'OFT', oft_block_size: 2 },
    );
    const found = (await merged(await base(), checkpoint)).get(name) ?? new Float64Array();
    for (let i = 0; i < 6; i++)
      for (const block of [0, 1]) {
        // R = (I - S)(I + S)^-1, so x1 = R x0 is x1 = (I - S)(x0 + x1) / 2.
        const skew = 0.5 * (blocks.at(block, 0, 1) - blocks.at(block, 1, 0));
        const after = [0, 1].map((k) => (found[i * 4 + 2 * block + k] as number) / scales.at(i, 0));
        const mean = [0, 1].map((k) => (q.at(i, 2 * block + k) + (after[k] as number)) / 2) as [number, number];
        expect(after[0]).toBeCloseTo(mean[0] - skew * mean[1], 12);
        expect(after[1]).toBeCloseTo(mean[1] + skew * mean[0], 12);
      }
  });

  it('OFT before 0.14 is refused by its parts', async () => {
    const checkpoint = await tuned({ [`${module}.oft_r`]: new Tensor([2, 3, 3], 5) }, { peft_type: 'OFT', r: 2 });
    await expect(base().then((one) => merged(one, checkpoint))).rejects.toThrow(/saved by PEFT before 0\.14/);
  });

  it('AdaLoRA: what its budget has left of the rank does not change the divisor', async () => {
    const [a, e, b] = [new Tensor([2, 4], 2), new Tensor([2, 1], 3), new Tensor([6, 2], 4)];
    const checkpoint = await tuned(
      { [`${module}.lora_A`]: a, [`${module}.lora_E`]: e, [`${module}.lora_B`]: b },
      { peft_type: 'ADALORA', init_r: 5, lora_alpha: 8, r: 8 },
    );
    expectMatrix(
      (await merged(await base(), checkpoint)).get(name),
      6,
      4,
      (i, j) => q.at(i, j) + (8 / (5 + 1e-5)) * sum(2, (k) => b.at(i, k) * e.at(k, 0) * a.at(k, j)),
    );
  });

  it.each([
    ['0.18.1', [4, 4]],
    ['0.19.0', [4, 4]],
    ['0.18.1', [5, 4]],
  ] as const)('stacks of experts of version %s, [out, in] = %j', async (version, [out, inside]) => {
    const stack = new Tensor([3, out, inside], 7);
    const mixture = await open({
      'model.safetensors': file({ 'model.layers.0.mlp.experts.down_proj': stack }),
    });
    // Before 0.19 the first factor belongs to the first axis of the parameter, whatever it means.
    const old = version === '0.18.1';
    const [a, b] = [new Tensor([6, old ? out : inside], 8), new Tensor([old ? inside : out, 6], 9)];
    const holder = 'base_model.model.model.layers.0.mlp.experts';
    const checkpoint = await tuned(
      { [`${holder}.lora_A.weight`]: a, [`${holder}.lora_B.weight`]: b },
      { peft_type: 'LORA', r: 2, lora_alpha: 3, peft_version: version, target_parameters: ['mlp.experts.down_proj'] },
    );
    expect(checkpoint.adapter?.facts).toMatchObject({ rank: 2, scale: 1.5, modules: ['mlp.experts.down_proj'] });
    const found = await merged(mixture, checkpoint);
    for (const expert of [0, 1, 2])
      expectMatrix(found.get(`model.layers.0.mlp.experts.down_proj#${expert}`), out, inside, (i, j) => {
        const [first, second] = old ? [i, j] : [j, i];
        const update = sum(2, (k) => b.at(second, k * 3 + expert) * a.at(expert * 2 + k, first));
        return stack.at(expert, i, j) + 1.5 * update;
      });
  });
});

describe('an adapter that names modules in the other way of saving', () => {
  it('finds the router of Mixtral', async () => {
    const router = new Tensor([3, 4], 1);
    const base = await open({ 'model.safetensors': file({ 'model.layers.0.block_sparse_moe.gate.weight': router }) });
    const [a, b] = [new Tensor([2, 4], 2), new Tensor([3, 2], 3)];
    const module = 'base_model.model.model.layers.0.mlp.gate';
    const tuned = await open({
      'adapter_model.safetensors': file({ [`${module}.lora_A.weight`]: a, [`${module}.lora_B.weight`]: b }),
      'adapter_config.json': { peft_type: 'LORA', r: 2, lora_alpha: 4 },
    });
    expectMatrix(
      (await merged(base, tuned)).get('model.layers.0.block_sparse_moe.gate.weight'),
      3,
      4,
      (i, j) => router.at(i, j) + 2 * sum(2, (k) => b.at(i, k) * a.at(k, j)),
    );
  });
});

describe('what is broken', () => {
  const q = new Tensor([6, 4], 1);
  const base = (): Promise<Checkpoint> =>
    open({ 'model.safetensors': file({ 'model.layers.0.self_attn.q_proj.weight': q }) });
  const module = 'base_model.model.model.layers.0.self_attn.q_proj';
  const config = { peft_type: 'LORA', r: 2, lora_alpha: 4 };
  const tuned = (tensors: Record<string, Tensor>, settings: object = config): Promise<Checkpoint> =>
    open({ 'adapter_model.safetensors': file(tensors), 'adapter_config.json': settings });

  it.each([
    [
      'ranks',
      { [`${module}.lora_A.weight`]: new Tensor([2, 4], 2), [`${module}.lora_B.weight`]: new Tensor([6, 3], 3) },
      config,
      'adapter-ranks-disagree',
      /ranks of its two factors disagree: 2 and 3/,
    ],
    [
      'a factor',
      { [`${module}.lora_A.weight`]: new Tensor([2, 4], 2) },
      config,
      'adapter-factor-missing',
      /lora_B is missing/,
    ],
    [
      'half of LoHa',
      { [`${module}.hada_w1_a`]: new Tensor([6, 2], 2), [`${module}.hada_w1_b`]: new Tensor([2, 4], 3) },
      { peft_type: 'LOHA', r: 2, alpha: 4 },
      'adapter-factor-missing',
      /hada_w2 is missing/,
    ],
    [
      'half of LoKr',
      { [`${module}.lokr_w2`]: new Tensor([6, 2], 2) },
      { peft_type: 'LOKR', r: 2, alpha: 4 },
      'adapter-factor-missing',
      /lokr_w1 is missing/,
    ],
    [
      'a core of AdaLoRA',
      {
        [`${module}.lora_A`]: new Tensor([2, 4], 2),
        [`${module}.lora_B`]: new Tensor([6, 2], 3),
        [`${module}.lora_E`]: new Tensor([3, 1], 3),
      },
      { peft_type: 'ADALORA', init_r: 2, lora_alpha: 4 },
      'adapter-ranks-disagree',
      /ranks of its factors disagree: 3 and 2/,
    ],
  ])('%s: a problem of the file, and no figure', async (_, tensors, settings, code, words) => {
    const checkpoint = await tuned(tensors, settings);
    expect(checkpoint.problems.filter(({ severity }) => severity === 'error')).toMatchObject([{ code }]);
    await expect(base().then((one) => merged(one, checkpoint))).rejects.toThrow(words);
  });

  it('no alpha: a problem, and no figure', async () => {
    const checkpoint = await tuned(
      { [`${module}.lora_A.weight`]: new Tensor([2, 4], 2), [`${module}.lora_B.weight`]: new Tensor([6, 2], 3) },
      { peft_type: 'LORA', r: 2 },
    );
    expect(checkpoint.problems).toMatchObject([{ code: 'adapter' }, { code: 'adapter-alpha-missing' }]);
    await expect(base().then((one) => merged(one, checkpoint))).rejects.toThrow(/no lora_alpha/);
  });

  it.each([
    [
      'a convolution in groups',
      {
        [`${module}.lora_A.weight`]: new Tensor([4, 2, 1, 1], 2),
        [`${module}.lora_B.weight`]: new Tensor([6, 2, 1, 1], 3),
      },
      config,
      /convolution in groups is not computed/,
    ],
    [
      'IA3 of a convolution',
      { [`${module}.ia3_l`]: new Tensor([1, 6, 1, 1], 2) },
      { peft_type: 'IA3' },
      /IA3 of a convolution is not computed/,
    ],
  ])('%s is not broken, and not computed', async (_, tensors, settings, words) => {
    const checkpoint = await tuned(tensors, settings);
    expect(checkpoint.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    await expect(base().then((one) => merged(one, checkpoint))).rejects.toThrow(words);
  });

  it('NaN in a factor: the tensor is named, and nothing is computed of it', async () => {
    const broken = new Tensor([6, 2], 3);
    broken.values[5] = NaN;
    const checkpoint = await tuned({
      [`${module}.lora_A.weight`]: new Tensor([2, 4], 2),
      [`${module}.lora_B.weight`]: broken,
    });
    await expect(base().then((one) => merged(one, checkpoint))).rejects.toThrow(/q_proj\.lora_B\.weight" .* holds NaN/);
  });
});

describe('the reported cases', () => {
  const CASES = 'test/fixtures/cases';
  const at = (path: string): Promise<Checkpoint> => open(`${CASES}/${path}`);

  it.each([
    ['other-adapters-unnamed/loha', { kind: 'LoHa', rank: 4, scale: 2, matrices: 2 }],
    ['other-adapters-unnamed/lokr', { kind: 'LoKr', rank: 4, scale: 2, matrices: 2 }],
    ['other-adapters-unnamed/ia3', { kind: 'IA3', rank: null, scale: null, matrices: 2 }],
    ['other-adapters-unnamed/target-parameters', { kind: 'LoRA', rank: 4, scale: null, matrices: 2 }],
    ['lora-names-of-diffusers-and-kohya/diffusers', { kind: 'LoRA', rank: 4, scale: 1, matrices: 6 }],
    ['lora-names-of-diffusers-and-kohya/kohya/a.safetensors', { kind: 'LoRA', rank: 4, scale: 1, matrices: 9 }],
  ])('%s is known for what it is', async (path, facts) => {
    expect((await at(path)).adapter?.facts).toMatchObject(facts);
  });

  it('factors of two parameters of one module are two rows, and the parameters have their names', async () => {
    const { tensors, adapter } = await at('other-adapters-unnamed/target-parameters');
    const modules = [...tensors.values()].map(({ module }) => module);
    expect(new Set(modules).size).toBe(modules.length);
    expect(adapter?.facts.modules).toEqual(['mlp.experts.down_proj', 'mlp.experts.gate_up_proj']);
  });

  it('Kohya has the layers and modules of the dotted names', async () => {
    const { tensors } = await at('lora-names-of-diffusers-and-kohya/kohya/a.safetensors');
    const rows = [...tensors.values()];
    expect(rows.every(({ layer, role }) => layer !== null && role === 'block')).toBe(true);
    const stem = 'lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q';
    expect(tensors.get(`${stem}.lora_down.weight`)).toMatchObject({
      layer: 1,
      module: 'unet.down_blocks.attentions.0.transformer_blocks.0.attn1.to_q.lora_down',
      spectral: true,
    });
    expect(tensors.get('lora_te_text_model_encoder_layers_1_self_attn_q_proj.lora_up.weight')).toMatchObject({
      layer: 1,
      module: 'text_encoder.text_model.encoder.self_attn.q_proj.lora_up',
    });
  });
});
