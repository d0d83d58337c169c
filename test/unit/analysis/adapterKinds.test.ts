import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pairAdapter, readMatrix, type Checkpoint, type Weight } from '../../../src/checkpoint/index.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { safetensors, type Entry } from '../formats/build.ts';
import { svd } from '../../../src/linalg/reference/svd.ts';
import { castCodes, type MatrixType } from '../../../src/numbers/index.ts';
import { openedCheckpoints } from '../checkpoint/opened.ts';

/** Adapters of a small model with every kind of layer that PEFT knows, against PEFT's own merge (test/fixtures/adapters/tiny/make.py). */
const FOLDER = 'test/fixtures/adapters/tiny';
const OPTIONS = { includeEmbeddings: true, tensors: null };
/** PEFT merges in float32: weights under 2 to 2^-24 each, sums of up to 24 products. */
const CLOSE = 2e-6;

const folder = temporaryFolder();
const open = openedCheckpoints();

async function valuesOf(weight: Weight): Promise<Float64Array> {
  const values = new Float64Array(weight.count);
  castCodes(weight.type as MatrixType, await readMatrix(weight), 'F64', new Uint8Array(values.buffer));
  return values;
}

/** kind, rank, scale as `inspect` gives them */
const KINDS: Record<string, [kind: string, rank: number | null, scale: number | null]> = {
  'lora-bias': ['LoRA', 4, 1.5],
  'lora-embedding': ['LoRA', 4, 1.5],
  'lora-conv': ['LoRA', 2, 3],
  'lora-head': ['LoRA', 4, 1.5],
  'dora-embedding': ['DoRA', 4, 1.5],
  'dora-conv': ['DoRA', 2, 3],
  'tokens-in-lora': ['LoRA', 4, 1.5],
  tokens: ['Trainable tokens', null, null],
  'target-parameters': ['LoRA', 2, null],
  'target-one-parameter': ['LoRA', 2, 3],
  adalora: ['AdaLoRA', 6, 5 / 6.00001],
  vera: ['VeRA', 5, 1],
  oft: ['OFT', null, null],
  'oft-3-terms': ['OFT', null, null],
  'oft-cayley': ['OFT', null, null],
  'oft-coft': ['OFT', null, null],
  'oft-shared': ['OFT', null, null],
  boft: ['BOFT', null, null],
  'boft-butterfly': ['BOFT', null, null],
  'loha-conv': ['LoHa', 3, 2],
  'lokr-conv': ['LoKr', 2, 3],
  'lokr-both': ['LoKr', 1, 6],
  ia3: ['IA3', null, null],
  'ln-tuning': ['LN tuning', null, null],
  pissa: ['LoRA', 4, 1.5],
  'pissa-rslora': ['rsLoRA', 4, 3],
  olora: ['LoRA', 4, 1.5],
  orthogonal: ['LoRA', 4, 1.5],
  // with the adapter before training, or what was left of the base, beside it
  corda: ['LoRA', 4, 1.5],
  'corda-residual': ['LoRA', 4, 1.5],
  'lora-ga': ['LoRA', 4, 1.5],
  'pissa-niter-init': ['LoRA', 4, 1.5],
};
const REFUSED: Record<string, [kind: string, reason: RegExp]> = {
  'vera-unsaved': ['VeRA', /its projections were not saved/],
  hra: ['HRA', /not computed by this version/],
  'corda-alone': [
    'LoRA',
    /its initialisation \(corda\) changed the base.*Put the adapter as it was before training beside it/,
  ],
};

/** PEFT's merge is not to be had again from the base: it has a test of its own. */
const APART = ['pissa-niter'];

it('has a word for each of the adapters here', () => {
  const here = readdirSync(FOLDER, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && entry.name !== 'base',
  );
  expect([...Object.keys(KINDS), ...Object.keys(REFUSED), ...APART].sort()).toEqual(
    here.map(({ name }) => name).sort(),
  );
});

describe.each(Object.entries(KINDS))('%s', (name, [kind, rank, scale]) => {
  it('is merged as PEFT merges it, and leaves alone what PEFT leaves alone', async () => {
    const base = await open(`${FOLDER}/base`);
    const tuned = await open(`${FOLDER}/${name}/adapter`);
    const merged = await open(`${FOLDER}/${name}/merged.safetensors`);
    if (!tuned.adapter) throw new Error(`${name} is not an adapter.`);
    expect(tuned.adapter.facts).toMatchObject({ kind, rank });
    if (scale === null) expect(tuned.adapter.facts.scale).toBeNull();
    else expect(tuned.adapter.facts.scale).toBeCloseTo(scale, 9);
    expect(tuned.problems.filter(({ severity }) => severity !== 'info')).toEqual([]);
    const { pairs, unpaired, coverage, skipped } = pairAdapter(base, tuned, tuned.adapter, OPTIONS);
    expect(skipped.filter(({ reason }) => reason !== 'the adapter does not change it')).toEqual([]);
    expect(unpaired.tunedOnly).toEqual([]);
    expect(coverage.weights.compared).toBe(coverage.weights.all);
    expect([...new Set(pairs.map((pair) => pair.base.tensor))].sort()).toEqual([...merged.tensors.keys()].sort());
    for (const pair of pairs) {
      const row = merged.tensors.get(pair.base.tensor);
      if (!row) throw new Error(`${pair.base.tensor} is not in what PEFT merged.`);
      const expected = new Float64Array(await numbersOf(merged, pair.base.tensor));
      const found = await valuesOf(pair.tuned);
      const start = startOf(pair.base);
      expect(greatestDifference(found, expected.subarray(start, start + found.length)), pair.name).toBeLessThan(CLOSE);
      expect(greatestDifference(found, await valuesOf(pair.base)), pair.name).toBeGreaterThan(CLOSE * 10);
    }
  });
});

/** Parts of a stack lie one behind the other in this model. */
function startOf(weight: Weight): number {
  return weight.stored?.first ?? 0;
}

async function numbersOf(checkpoint: Checkpoint, name: string): Promise<Float32Array> {
  const row = checkpoint.tensors.get(name);
  if (!row) throw new Error(`${name} is missing.`);
  const bytes = new Uint8Array(row.sizeBytes);
  await checkpoint.read(row, 0, bytes);
  return new Float32Array(bytes.buffer);
}

function greatestDifference(left: Float64Array, right: Float64Array): number {
  expect(left.length).toBe(right.length);
  return left.reduce((most, value, i) => Math.max(most, Math.abs(value - (right[i] as number))), 0);
}

describe.each(Object.entries(REFUSED))('%s', (name, [kind, reason]) => {
  it('is named, and says why it is not read', async () => {
    const base = await open(`${FOLDER}/base`);
    const tuned = await open(`${FOLDER}/${name}/adapter`);
    const { adapter } = tuned;
    if (!adapter) throw new Error(`${name} is not an adapter.`);
    expect(adapter.facts.kind).toBe(kind);
    expect(() => pairAdapter(base, tuned, adapter, OPTIONS)).toThrow(reason);
  });
});

describe('pissa-niter', () => {
  it('takes the exact SVD for the randomised one that it began from, and says so', async () => {
    const [base, tuned] = [await open(`${FOLDER}/base`), await open(`${FOLDER}/pissa-niter/adapter`)];
    if (!tuned.adapter) throw new Error('It is not an adapter.');
    const { pairs, notes } = pairAdapter(base, tuned, tuned.adapter, OPTIONS);
    expect(notes).toMatchObject([{ severity: 'warning', code: 'pairing-initial' }]);
    expect(notes[0]?.message).toMatch(/pissa_niter_16.*randomised SVD/);
    expect(pairs).toHaveLength(5);
    for (const { name, base: before, tuned: weight } of pairs) {
      const [rows, columns] = [weight.rows, weight.columns];
      const values = await valuesOf(before);
      const module = `base_model.model.${name.replace(/\.weight$/, '')}`;
      const [a, b] = [
        await numbersOf(tuned, `${module}.lora_A.weight`),
        await numbersOf(tuned, `${module}.lora_B.weight`),
      ];
      const { values: sizes, left, right } = svd({ rows, columns, data: values });
      const expected = values.map((value, at) => {
        const [i, j] = [Math.floor(at / columns), at % columns];
        let sum = value;
        for (let k = 0; k < 4; k++)
          sum +=
            1.5 * (b[i * 4 + k] as number) * (a[k * columns + j] as number) -
            (sizes[k] as number) * (left[k]?.[i] as number) * (right[k]?.[j] as number);
        return sum;
      });
      // Both in float64; the two decompositions agree to the gap behind the fourth value.
      expect(greatestDifference(await valuesOf(weight), expected), name).toBeLessThan(1e-11);
    }
  });
});

describe('an adapter of stacked experts over a base that keeps them one by one', () => {
  it.each(['target-parameters', 'target-one-parameter'])('%s: every expert gets its rows', async (name) => {
    const whole = await open(`${FOLDER}/base`);
    const tensors: Record<string, Entry> = {};
    const put = (to: string, shape: number[], values: Float32Array): void => {
      tensors[to] = { dtype: 'F32', shape, data: new Uint8Array(values.slice().buffer) };
    };
    const experts = 'model.layers.1.mlp.experts';
    for (const row of whole.tensors.values()) {
      const values = await numbersOf(whole, row.name);
      const part = (e: number, first: number, rows: number, of: number, columns: number): Float32Array =>
        values.subarray((e * of + first) * columns, (e * of + first + rows) * columns);
      if (row.name === `${experts}.gate_up_proj`)
        for (const e of [0, 1, 2]) {
          put(`${experts}.${e}.gate_proj.weight`, [24, 16], part(e, 0, 24, 48, 16));
          put(`${experts}.${e}.up_proj.weight`, [24, 16], part(e, 24, 24, 48, 16));
        }
      else if (row.name === `${experts}.down_proj`)
        for (const e of [0, 1, 2]) put(`${experts}.${e}.down_proj.weight`, [16, 24], part(e, 0, 16, 16, 24));
      else put(row.name, [...row.shape], values);
    }
    const base = await open(folder.write(`${name}.safetensors`, safetensors(tensors)));
    const tuned = await open(`${FOLDER}/${name}/adapter`);
    const merged = await open(`${FOLDER}/${name}/merged.safetensors`);
    if (!tuned.adapter) throw new Error('It is not an adapter.');
    const { pairs, coverage } = pairAdapter(base, tuned, tuned.adapter, OPTIONS);
    expect(coverage.weights.compared).toBe(coverage.weights.all);
    const listed = pairs.filter((pair) => pair.name.startsWith(experts));
    expect(listed).toHaveLength(name === 'target-parameters' ? 9 : 3);
    for (const { name: tensor, tuned: weight } of listed) {
      const [, e = '', leaf = ''] = /experts\.(\d)\.(\w+)\./.exec(tensor) ?? [];
      const stack = leaf === 'down_proj' ? 'down_proj' : 'gate_up_proj';
      const values = new Float64Array(await numbersOf(merged, `${experts}.${stack}`));
      const start = Number(e) * (stack === 'down_proj' ? 16 * 24 : 48 * 16) + (leaf === 'up_proj' ? 24 * 16 : 0);
      const expected = values.subarray(start, start + weight.count);
      expect(greatestDifference(await valuesOf(weight), expected), tensor).toBeLessThan(CLOSE);
    }
  });
});

/** What changes no weight, or has no one update: named by its usual name, with the reason in place of figures. */
describe.each([
  ['PROMPT_TUNING', 'prompt_embeddings', 'Prompt tuning', /changes no weight/],
  ['PREFIX_TUNING', 'prompt_embeddings', 'Prefix tuning', /changes no weight/],
  ['P_TUNING', 'prompt_embeddings', 'P-tuning', /changes no weight/],
  ['CPT', 'prompt_embeddings', 'CPT', /changes no weight/],
  ['XLORA', 'base_model.internal_xlora_classifier.inner.0.weight', 'X-LoRA', /anew for every token/],
  ['MISS', 'base_model.model.model.layers.0.self_attn.q_proj.miss_block', 'MiSS', /not computed by this version/],
  ['NEW_KIND', 'base_model.model.model.layers.0.self_attn.q_proj.new_part', 'NEW_KIND', /not computed by this version/],
])('%s', (peftType, tensor, kind, reason) => {
  it(`is ${kind}, and says why nothing can be compared`, async () => {
    const data = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    folder.write(
      `${peftType}/adapter_model.safetensors`,
      safetensors({ [tensor]: { dtype: 'F32', shape: [2, 2], data } }),
    );
    folder.write(`${peftType}/adapter_config.json`, { peft_type: peftType });
    const tuned = await open(`${folder.path}/${peftType}`);
    const { adapter } = tuned;
    if (!adapter) throw new Error('It is not an adapter.');
    expect(adapter.facts.kind).toBe(kind);
    expect(tuned.problems.map(({ message }) => message).join()).toMatch(reason);
    const base = await open(`${FOLDER}/base`);
    expect(() => pairAdapter(base, tuned, adapter, OPTIONS)).toThrow(reason);
  });
});
