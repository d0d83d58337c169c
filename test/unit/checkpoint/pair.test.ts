import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openCheckpoint, pairCheckpoints, readMatrix } from '../../../src/checkpoint/index.ts';
import type { Checkpoint, Pairing } from '../../../src/checkpoint/types.ts';
import type { TensorRow } from '../../../src/protocol/engine.ts';
import { codes16, safetensors, type Entry } from '../formats/build.ts';
import { row, temporaryFolder } from './folder.ts';

const SAMPLES = fileURLToPath(new URL('../../../media/samples', import.meta.url));
const ALL = { includeEmbeddings: false, tensors: null };
const entry = (dtype: string, shape: number[], first = 0): Entry => {
  const count = shape.reduce((a, b) => a * b, 1);
  const width = { F32: 4, I32: 4, F64: 8, C64: 8, BOOL: 1, F8_E4M3: 1, F8_E8M0: 1, F4: 0.5 }[dtype] ?? 2;
  return { dtype, shape, data: width === 2 ? codes16(count, first) : new Uint8Array(count * width) };
};
async function opened(tensors: Record<string, Entry>, config?: object): Promise<Checkpoint> {
  const folder = temporaryFolder();
  if (config) folder.write('config.json', config);
  return openCheckpoint(folder.write('model.safetensors', safetensors(tensors)));
}
async function paired(
  base: Record<string, Entry>,
  tuned: Record<string, Entry>,
  options = ALL,
  config?: object,
): Promise<Pairing> {
  const sides = [await opened(base, config), await opened(tuned, config)] as const;
  const pairing = pairCheckpoints(...sides, options);
  await Promise.all(sides.map((side) => side.close()));
  return pairing;
}
const names = (pairing: Pairing): string[] => pairing.pairs.map((pair) => pair.name);

describe('the samples', () => {
  it('pair whole: 42 block matrices, the rest with reasons, in the order of the table', async () => {
    const [base, rl] = [await openCheckpoint(join(SAMPLES, 'base')), await openCheckpoint(join(SAMPLES, 'rl'))];
    const pairing = pairCheckpoints(base, rl, ALL);
    expect(pairing.pairs).toHaveLength(57);
    expect(pairing.pairs.filter((pair) => pair.spectral)).toHaveLength(42);
    expect(pairing.skipped).toEqual([]);
    expect(pairing.unpaired).toEqual({ baseOnly: [], tunedOnly: [] });
    const reasons = new Map(pairing.pairs.map((pair) => [pair.name, pair.reason]));
    expect(reasons.get('model.embed_tokens.weight')).toBe('outside the blocks; on request');
    expect(reasons.get('model.norm.weight')).toBe('one axis, no spectrum');
    const layers = pairing.pairs.map((pair) => pair.base.place.layer);
    expect(layers[0]).toBeNull();
    expect(layers.filter((layer) => layer !== null)).toEqual(
      layers.filter((layer) => layer !== null).sort((a, b) => a - b),
    );
    expect(
      pairCheckpoints(base, rl, { includeEmbeddings: true, tensors: null }).pairs.filter((pair) => pair.spectral),
    ).toHaveLength(44);
    const some = pairCheckpoints(base, rl, { includeEmbeddings: false, tensors: '*.layers.2.*.q_proj.*' });
    expect(names(some)).toEqual(['model.layers.2.self_attn.q_proj.weight']);
    expect(some.skipped).toHaveLength(56);
    await Promise.all([base.close(), rl.close()]);
  });
});

describe('what is not compared', () => {
  it('is listed with its reason', async () => {
    const L = 'model.layers.0';
    const base = {
      [`${L}.int.weight`]: entry('I32', [2, 2]),
      [`${L}.bool.weight`]: entry('BOOL', [2, 2]),
      [`${L}.complex.weight`]: entry('C64', [2, 2]),
      [`${L}.packed.weight`]: entry('F4', [2, 2]),
      [`${L}.e8.weight`]: entry('F8_E8M0', [2, 2]),
      [`${L}.a.weight_scale_inv`]: entry('F32', [2, 2]),
      [`${L}.shape.weight`]: entry('BF16', [2, 3]),
      [`${L}.empty.weight`]: entry('BF16', [0, 3]),
      [`${L}.half.weight`]: entry('BF16', [2, 2]),
      [`${L}.only.weight`]: entry('BF16', [2, 2]),
    };
    const tuned = { ...base, [`${L}.shape.weight`]: entry('BF16', [3, 2]), [`${L}.half.weight`]: entry('I32', [2, 2]) };
    delete (tuned as Record<string, Entry>)[`${L}.only.weight`];
    const pairing = await paired(base, { ...tuned, 'other.weight': entry('BF16', [2]) });
    expect(pairing.pairs).toEqual([]);
    const reasons: Record<string, string> = Object.fromEntries(
      pairing.skipped.map(({ name, reason }) => [name.split('.')[3] ?? '', reason] as const),
    );
    expect(reasons).toEqual({
      int: 'integers (I32), not compared',
      bool: 'booleans, not compared',
      complex: 'complex numbers (C64), not compared',
      packed: 'packed numbers (F4), not compared',
      e8: 'bookkeeping of the storage or the code, not a weight',
      a: 'bookkeeping of the storage or the code, not a weight',
      shape: 'shapes differ: [2, 3] against [3, 2]',
      empty: 'it has no weights',
      half: 'integers (I32), not compared',
    });
    expect(pairing.unpaired).toEqual({ baseOnly: [`${L}.only.weight`], tunedOnly: ['other.weight'] });
  });
  it('nothing is dropped: every tensor is paired, skipped or unpaired', async () => {
    const tensors = {
      'model.layers.0.conv.weight': entry('BF16', [2, 2, 2]),
      'model.layers.0.row.weight': entry('BF16', [1, 5]),
      s: entry('F32', []),
      'model.layers.0.b.bias': entry('F32', [3]),
    };
    const pairing = await paired(tensors, tensors);
    expect(new Map(pairing.pairs.map((pair) => [pair.name, pair.reason]))).toEqual(
      new Map([
        ['model.layers.0.conv.weight', '3 axes, no spectrum'],
        ['model.layers.0.row.weight', 'one row or one column, no spectrum'],
        ['model.layers.0.b.bias', 'one axis, no spectrum'],
        ['s', 'a single number, no spectrum'],
      ]),
    );
    expect(pairing.pairs.map((pair) => [pair.base.rows, pair.base.columns, pair.base.count])).toEqual([
      [1, 8, 8],
      [1, 5, 5],
      [1, 3, 3],
      [1, 1, 1],
    ]);
  });
  it('a missing shard skips its tensors', async () => {
    const folder = temporaryFolder();
    folder.write('s1.safetensors', safetensors({ a: entry('BF16', [2, 2]) }));
    folder.write('model.safetensors.index.json', { weight_map: { a: 's1.safetensors', b: 's2.safetensors' } });
    const base = await openCheckpoint(folder.path);
    const tuned = await opened({ a: entry('BF16', [2, 2]), b: entry('BF16', [2, 2]) });
    expect(pairCheckpoints(tuned, base, ALL).skipped).toEqual([
      { name: 'b', reason: 'its shard s2.safetensors is missing (tuned)' },
    ]);
    expect(pairCheckpoints(base, tuned, ALL).skipped).toEqual([
      { name: 'b', reason: 'its shard s2.safetensors is missing (base)' },
    ]);
    await Promise.all([base.close(), tuned.close()]);
  });
});

describe('names and layouts', () => {
  it('pairs across prefixes, not if that is ambiguous', async () => {
    const weight = entry('BF16', [2, 2]);
    expect(
      names(
        await paired(
          { 'model.layers.0.mlp.up_proj.weight': weight },
          { 'model.language_model.layers.0.mlp.up_proj.weight': weight },
        ),
      ),
    ).toEqual(['model.layers.0.mlp.up_proj.weight']);
    const ambiguous = await paired(
      { 'model.norm.weight': weight, 'module.norm.weight': weight },
      { 'norm.weight': weight },
    );
    expect(ambiguous.pairs).toEqual([]);
    expect(ambiguous.unpaired).toEqual({
      baseOnly: ['model.norm.weight', 'module.norm.weight'],
      tunedOnly: ['norm.weight'],
    });
  });
  it.each([
    ['a start that is no part of a path', (name: string) => `net_${name}`],
    [
      'a start in place of another, over the head too',
      (name: string) => `policy.actor.${name.replace(/^model\./, '')}`,
    ],
  ])('pairs without one constant prefix: %s', async (_, renamed) => {
    const own = {
      'model.layers.0.mlp.up_proj.weight': entry('BF16', [2, 2]),
      'model.layers.1.mlp.up_proj.weight': entry('BF16', [2, 2], 8),
      'model.norm.weight': entry('BF16', [2], 20),
      'lm_head.weight': entry('BF16', [3, 2], 30),
    };
    const tuned = Object.fromEntries(Object.entries(own).map(([name, value]) => [renamed(name), value]));
    for (const pairing of [await paired(own, tuned), await paired(tuned, own)]) {
      expect(pairing.pairs).toHaveLength(4);
      expect(pairing.notes.map(({ code }) => code)).toEqual(['pairing-prefix']);
    }
  });
  const heads = { model_type: 'phi3', hidden_size: 4, num_attention_heads: 2, num_key_value_heads: 1 };
  const A = 'model.layers.0.self_attn';
  const fused = {
    [`${A}.qkv_proj.weight`]: entry('BF16', [8, 4]),
    [`${A}.qkv_proj.bias`]: entry('BF16', [8]),
    'model.layers.0.mlp.gate_up_proj.weight': entry('BF16', [6, 4], 100),
  };
  const split = {
    [`${A}.q_proj.weight`]: entry('BF16', [4, 4], 0),
    [`${A}.k_proj.weight`]: entry('BF16', [2, 4], 16),
    [`${A}.v_proj.weight`]: entry('BF16', [2, 4], 24),
    [`${A}.q_proj.bias`]: entry('BF16', [4], 0),
    [`${A}.k_proj.bias`]: entry('BF16', [2], 4),
    [`${A}.v_proj.bias`]: entry('BF16', [2], 6),
    'model.layers.0.mlp.gate_proj.weight': entry('BF16', [3, 4], 100),
    'model.layers.0.mlp.up_proj.weight': entry('BF16', [3, 4], 112),
  };
  it.each([
    ['fused against split', fused, split],
    ['split against fused', split, fused],
  ])('%s: the same weights meet', async (_, left, right) => {
    const [base, tuned] = [await opened(left, heads), await opened(right, heads)];
    const pairing = pairCheckpoints(base, tuned, ALL);
    expect(pairing.skipped).toEqual([]);
    expect(pairing.unpaired).toEqual({ baseOnly: [], tunedOnly: [] });
    expect(pairing.pairs).toHaveLength(8);
    expect(pairing.pairs.filter((pair) => pair.spectral)).toHaveLength(5);
    for (const pair of pairing.pairs) {
      expect(await readMatrix(pair.base)).toEqual(await readMatrix(pair.tuned));
    }
    await Promise.all([base.close(), tuned.close()]);
  });
  it('two fused ones pair part by part', async () => {
    const pairing = await paired(fused, fused, ALL, heads);
    expect(names(pairing)).toEqual([
      `${A}.qkv_proj.weight#q`,
      `${A}.qkv_proj.weight#k`,
      `${A}.qkv_proj.weight#v`,
      `${A}.qkv_proj.bias`,
      'model.layers.0.mlp.gate_up_proj.weight#gate',
      'model.layers.0.mlp.gate_up_proj.weight#up',
    ]);
  });
  it('stacked experts against single ones, Mixtral names too', async () => {
    const M = 'model.layers.0.mlp.experts';
    const B = 'model.layers.0.block_sparse_moe.experts';
    const stacked = {
      [`${M}.gate_up_proj`]: entry('BF16', [2, 6, 4]),
      [`${M}.down_proj`]: entry('BF16', [2, 4, 3], 200),
    };
    const single: Record<string, Entry> = {};
    const mixtral: Record<string, Entry> = {};
    for (const e of [0, 1]) {
      const parts = {
        gate: entry('BF16', [3, 4], 24 * e),
        up: entry('BF16', [3, 4], 24 * e + 12),
        down: entry('BF16', [4, 3], 200 + 12 * e),
      };
      Object.assign(single, {
        [`${M}.${e}.gate_proj.weight`]: parts.gate,
        [`${M}.${e}.up_proj.weight`]: parts.up,
        [`${M}.${e}.down_proj.weight`]: parts.down,
      });
      Object.assign(mixtral, {
        [`${B}.${e}.w1.weight`]: parts.gate,
        [`${B}.${e}.w3.weight`]: parts.up,
        [`${B}.${e}.w2.weight`]: parts.down,
      });
    }
    for (const other of [single, mixtral]) {
      const [base, tuned] = [await opened(stacked, { hidden_size: 4 }), await opened(other, { hidden_size: 4 })];
      const pairing = pairCheckpoints(base, tuned, ALL);
      expect(pairing.pairs).toHaveLength(6);
      expect(pairing.unpaired).toEqual({ baseOnly: [], tunedOnly: [] });
      for (const pair of pairing.pairs) {
        expect(await readMatrix(pair.base)).toEqual(await readMatrix(pair.tuned));
      }
      await Promise.all([base.close(), tuned.close()]);
    }
  });
  it('lists the parts that find no partner', async () => {
    const partial = { ...split };
    delete (partial as Record<string, Entry>)[`${A}.v_proj.weight`];
    const pairing = await paired(fused, partial, ALL, heads);
    expect(pairing.skipped).toEqual([
      {
        name: `${A}.qkv_proj.weight#v`,
        reason: 'the two layouts differ, and this part has no counterpart of its shape',
      },
    ]);
    expect(pairing.pairs).toHaveLength(7);
  });
  it('GPT-2 against itself is transposed on both sides', async () => {
    const gpt = { 'h.0.attn.c_attn.weight': entry('BF16', [4, 12]), 'h.0.mlp.c_fc.weight': entry('BF16', [4, 16]) };
    const pairing = await paired(gpt, gpt);
    expect(pairing.pairs.map((pair) => [pair.name, pair.base.shape])).toEqual([
      ['h.0.attn.c_attn.weight#q', [4, 4]],
      ['h.0.attn.c_attn.weight#k', [4, 4]],
      ['h.0.attn.c_attn.weight#v', [4, 4]],
      ['h.0.mlp.c_fc.weight', [16, 4]],
    ]);
  });
});

// Each by itself: while a test computes, its thread answers nobody, and the runner takes it for lost after a minute.
describe('of more tensors than a call takes arguments', () => {
  // Arguments lie on the stack: spreading an array of some 120,000 into a call overflows it.
  const experts = 150_000;
  const list = memory(
    Array.from({ length: experts }, (_, e) => row(`model.layers.0.mlp.experts.${e}.down_proj.weight`, [4, 8])),
  );
  it('pairs by name', () => {
    expect(pairCheckpoints(list, list, ALL).pairs).toHaveLength(experts);
  });
  it('pairs across layouts', () => {
    const stack = memory([row('model.layers.0.mlp.experts.down_proj', [experts, 4, 8])]);
    expect(pairCheckpoints(stack, list, ALL).pairs).toHaveLength(experts);
  });
  it('are left out by a filter', () => {
    expect(pairCheckpoints(list, list, { ...ALL, tensors: 'no.such.*' }).skipped).toHaveLength(experts);
  });
});

/** A checkpoint of these tensors, none of which is ever read. */
function memory(rows: TensorRow[]): Checkpoint {
  const nothing = (): Promise<never> => Promise.reject(new Error('not read here'));
  return {
    path: '',
    folder: '',
    facts: undefined as never,
    config: null,
    stated: null,
    family: null,
    adapter: null,
    tensors: new Map(rows.map((one) => [one.name, one])),
    problems: [],
    quantised: new Map(),
    stamps: new Map(),
    read: nothing,
    verify: nothing,
    rest: nothing,
    close: nothing,
  };
}
