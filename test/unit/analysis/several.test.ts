import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { StoredWeight } from '../../../src/checkpoint/index.ts';
import { OffaxisError } from '../../../src/protocol/errors.ts';
import { DEFAULT_PARAMETERS, type ComparisonParameters } from '../../../src/protocol/results.ts';
import type { RunsResult, SeveralEvent, SeveralRequest } from '../../../src/protocol/several.ts';
import { SeveralAccumulator } from '../../../src/results/several.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { safetensors } from '../formats/build.ts';
import { encode, gaussian } from '../linalg/wasmCases.ts';
import { expectValues, RUNS, runsGolden, STEPS, stepsGolden } from '../severalGolden.ts';

/** Several runs the whole way from the files to the figures, on the WASM backend as built. */
const SAMPLES = 'media/samples';
const sample = (name: string): string => `${SAMPLES}/${name}`;
const folder = temporaryFolder();

let analysis: Analysis;
beforeAll(async () => {
  if (!existsSync('dist/linalg-worker.mjs')) throw new Error('dist is missing: run "npm run build" first.');
  analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());

type Change = Partial<ComparisonParameters>;
async function several(
  base: string,
  tuned: readonly string[],
  change: Change = {},
  steps: SeveralRequest['steps'] = null,
): Promise<{ found: SeveralAccumulator; events: SeveralEvent[]; parameters: ComparisonParameters }> {
  const parameters = { ...DEFAULT_PARAMETERS, ...change };
  const found = new SeveralAccumulator(tuned.length);
  const events: SeveralEvent[] = [];
  for await (const event of analysis.several({ base, tuned, parameters, steps }, new AbortController().signal)) {
    found.add(event);
    events.push(event);
  }
  return { found, events, parameters };
}
async function runs(base: string, tuned: readonly string[], change: Change = {}): Promise<RunsResult> {
  const { found, parameters } = await several(base, tuned, change);
  return found.runsResult(
    tuned.map((path) => ({ name: path, path })),
    base,
    parameters,
  );
}

const up = (layer: number): string => `model.layers.${layer}.mlp.up_proj.weight`;
/** A model of two matrices and a norm, and runs of it: `size` times noise. */
const SHAPE = [40, 24] as const;
const W0 = Float64Array.from({ length: 960 }, gaussian(1));
function checkpoint(
  name: string,
  seed: number,
  size: number,
  change: (values: Float64Array) => void = () => undefined,
) {
  const next = gaussian(seed);
  const values = W0.map((w) => w + size * next());
  change(values);
  return folder.write(
    `${name}.safetensors`,
    safetensors({
      [up(0)]: { dtype: 'BF16', shape: [...SHAPE], data: encode('BF16', values) },
      [up(1)]: { dtype: 'BF16', shape: [...SHAPE], data: encode('BF16', values) },
      'model.norm.weight': { dtype: 'BF16', shape: [24], data: encode('BF16', values.slice(0, 24)) },
    }),
  );
}

describe('three runs of the sample family', () => {
  let result: RunsResult;
  let found: SeveralAccumulator;
  let reads: Map<string, number>;
  beforeAll(async () => {
    reads = new Map();
    const read = StoredWeight.prototype.readRows;
    const spy = vi.spyOn(StoredWeight.prototype, 'readRows').mockImplementation(function (
      this: StoredWeight,
      area,
      ...rest
    ) {
      const [[top, bottom], [left, right]] = [area.rows, area.columns];
      const key = `${this.entries[0]?.file}: ${this.name}`;
      reads.set(key, (reads.get(key) ?? 0) + ((bottom - top) * (right - left)) / this.count);
      return read.call(this, area, ...rest);
    });
    ({ found } = await several(sample('base'), RUNS.map(sample)));
    spy.mockRestore();
    const named = RUNS.map((name) => ({ name, path: sample(name) }));
    result = found.runsResult(named, sample('base'), DEFAULT_PARAMETERS);
  });

  it('has the golden values of every two, matrix by matrix and of the model', () => {
    const golden = runsGolden();
    expect(result.tensors.map(({ name }) => name).sort()).toEqual(Object.keys(golden.tensors).sort());
    for (const { name, pairs } of result.tensors) {
      expect(pairs.map(({ i, j }) => `${i},${j}`)).toEqual(['0,1', '0,2', '1,2']);
      for (const pair of pairs) expectValues(pair, golden.tensors[name]?.[`${pair.i},${pair.j}`] ?? {}, name);
    }
    for (const pair of result.model.pairs) expectValues(pair, golden.model[`${pair.i},${pair.j}`] ?? {}, 'model');
    expect(result.model.consensus).toEqual(golden.consensus);
    // METRICS: nulls to a relative 1e-3
    for (const [c, expected] of golden.consensusNull.entries())
      expect(Math.abs((result.model.consensusNull?.[c] ?? NaN) / expected - 1)).toBeLessThan(1e-3);
  });
  it('reads every weight of every run once, and the base once', () => {
    // Four checkpoints of 57 tensors, and their files have one name: four readings of each.
    expect(reads.size).toBe(57);
    for (const [key, times] of reads) expect(times, key).toBeCloseTo(4, 9);
  });
  it('goes on without the tensors that are done, and comes to the same', async () => {
    const tuned = RUNS.map(sample);
    const events = async (done: readonly string[]): Promise<SeveralEvent[]> => {
      const list: SeveralEvent[] = [];
      const request = { base: sample('base'), tuned, parameters: DEFAULT_PARAMETERS, steps: null, done };
      for await (const event of analysis.several(request, new AbortController().signal)) list.push(event);
      return list;
    };
    const done = [...found.finished].slice(3);
    const left = await events(done);
    const finished = left.flatMap((event) => (event.type === 'finished' ? [event.name] : []));
    expect(finished.sort()).toEqual([...found.finished].slice(0, 3).sort());
    for (const event of left)
      if (event.type === 'agreement') expect(event.value).toEqual(found.agreements.get(event.value.name));
    expect(found.finished.size).toBe(57);
  });
  it('has each run beside the base as a comparison has it', async () => {
    const alone = new SeveralAccumulator(1).runs[0];
    const request = { runId: 'one', base: sample('base'), tuned: sample('rl'), parameters: DEFAULT_PARAMETERS };
    for await (const event of analysis.compare(request, new AbortController().signal)) alone?.add(event);
    const figures = (run: SeveralAccumulator['runs'][number] | undefined): [string, unknown][] =>
      [...(run?.tensors ?? [])]
        .map(([name, { metrics, flags }]): [string, unknown] => [name, { metrics, flags }])
        .sort();
    expect(figures(found.runs[0])).toEqual(figures(alone));
    expect(result.comparisons[0]?.weights).toBe(alone?.summary()?.weights);
  });
  it('says what it means', () => {
    expect(result.answer.text).toContain(
      'point the same way (cosine 0.89, signs agree in 95 %, independent 0 and 50 %)',
    );
  });
});

describe('the steps of a run', () => {
  it('have the golden values of every matrix that all of them hold', async () => {
    const golden = stepsGolden();
    const at = { start: 0, steps: STEPS.map(([step]) => step) };
    const paths = STEPS.map(([, path]) => path);
    const { found, parameters } = await several(sample('base'), paths, {}, at);
    const result = found.stepsResult(paths, at, sample('base'), parameters);
    expect(result.steps.map(({ step }) => step)).toEqual(golden.steps);
    expect(result.tensors.map(({ name }) => name).sort()).toEqual(Object.keys(golden.tensors).sort());
    for (const tensor of result.tensors) {
      expectValues(tensor, golden.tensors[tensor.name] ?? {}, tensor.name);
      expect(tensor.nss).toHaveLength(6);
      // METRICS: .43 to .48 for a walk
      expect(tensor.linearityWalk).toBeGreaterThan(0.43);
      expect(tensor.linearityWalk).toBeLessThan(0.49);
      expect(tensor.linearity).toBeGreaterThan(tensor.linearityWalk ?? 1);
    }
    expect(result.answer.text).toContain('Over 600 steps the update grew');
    expect(result.answer.text).toContain('straighter than a random walk');
  });
});

describe('edge cases', () => {
  const base = (): string => checkpoint('base', 0, 0);

  it('identical runs agree in everything, and the base itself in nothing', async () => {
    const one = checkpoint('one', 2, 0.01);
    const { model, comparisons } = await runs(base(), [one, checkpoint('again', 2, 0.01), checkpoint('still', 0, 0)]);
    const [same, still] = model.pairs;
    expect(same).toMatchObject({ jaccard: 1, coverage: 1, signAgreement: 1, onlyI: 0, onlyJ: 0 });
    expect(same?.updateCosine).toBeCloseTo(1, 12);
    expect(same?.subspaceSimilarity).toBeCloseTo(1, 9);
    expect(still).toMatchObject({
      jaccard: 0,
      coverage: 0,
      coverageBack: null,
      updateCosine: null,
      subspaceSimilarity: null,
    });
    expect(comparisons[2]?.updateDensity).toBe(0);
  });

  it('independent noise has what independent runs have', async () => {
    const { model } = await runs(
      base(),
      [3, 4, 5].map((seed) => checkpoint(`noise-${seed}`, seed, 0.004)),
      { spectra: false },
    );
    for (const pair of model.pairs) {
      // 960 weights, twice; rounding leaves large steps of large weights, so the cosine scatters more than by 1 / sqrt(m n)
      expect(Math.abs((pair.jaccard ?? NaN) - (pair.jaccardNull ?? NaN))).toBeLessThan(0.05);
      expect(Math.abs(pair.updateCosine ?? NaN)).toBeLessThan(0.25);
      expect(Math.abs((pair.signAgreement ?? NaN) - 0.5)).toBeLessThan(0.1);
      expect(pair.subspaceSimilarity).toBeNull();
    }
    const { consensus, consensusNull } = model;
    expect(consensus.reduce((a, b) => a + b, 0)).toBe(1920);
    expect(consensusNull?.reduce((a, b) => a + b, 0)).toBeCloseTo(1920, 6);
  });

  it('a run with a NaN has its counts, and neither cosine nor directions', async () => {
    const broken = checkpoint('broken', 6, 0.01, (values) => (values[100] = NaN));
    const { model, tensors, comparisons } = await runs(base(), [
      checkpoint('a', 2, 0.01),
      checkpoint('b', 3, 0.01),
      broken,
    ]);
    const [fine, first] = model.pairs;
    expect(fine?.updateCosine).not.toBeNull();
    expect(first).toMatchObject({ updateCosine: null, signAgreement: null, subspaceSimilarity: null });
    expect(first?.jaccard).toBeGreaterThan(0);
    expect(first?.reasons.join(' ')).toContain('NaN');
    expect(tensors).toHaveLength(2);
    expect(comparisons[2]?.failed).toEqual([]);
  });

  it('a tensor that one run lacks is beside the others all the same', async () => {
    const next = gaussian(9);
    const data = encode(
      'BF16',
      W0.map((w) => w + 0.01 * next()),
    );
    const part = folder.write('part.safetensors', safetensors({ [up(1)]: { dtype: 'BF16', shape: [...SHAPE], data } }));
    const { tensors, unpaired, model } = await runs(base(), [checkpoint('a', 2, 0.01), part, checkpoint('b', 3, 0.01)]);
    expect(tensors.map(({ pairs }) => pairs.map(({ i, j }) => [i, j]))).toEqual([
      [[0, 2]],
      [
        [0, 1],
        [0, 2],
        [1, 2],
      ],
    ]);
    expect(unpaired[1]?.baseOnly).toContain(up(0));
    // of all runs: one matrix
    expect(model.consensus.reduce((a, b) => a + b, 0)).toBe(960);
  });

  it('a run in another type has no null in common with the others, but every other figure', async () => {
    const next = gaussian(2);
    const values = W0.map((w) => w + 0.01 * next());
    const half = folder.write(
      'half.safetensors',
      safetensors({ [up(0)]: { dtype: 'F16', shape: [...SHAPE], data: encode('F16', values) } }),
    );
    const { tensors } = await runs(base(), [checkpoint('a', 2, 0.01), half, checkpoint('b', 3, 0.01)]);
    const [first, second] = tensors[0]?.pairs ?? [];
    expect(first).toMatchObject({ i: 0, j: 1, jaccardNull: null, coverageNull: null });
    expect(first?.reasons.join(' ')).toContain('different types');
    expect(first?.updateCosine).toBeGreaterThan(0.9);
    expect(second?.jaccardNull).toBeGreaterThan(0);
  });

  it('an adapter beside two full fine-tunes', async () => {
    const { tensors, model } = await runs(sample('base'), [sample('rl-lora'), sample('rl'), sample('sft')], {
      tensors: '*layers.0.*',
    });
    // q, v and down projections are the adapter's
    expect(tensors.filter(({ pairs }) => pairs.length === 3)).toHaveLength(3);
    const [first] = model.pairs;
    expect(first?.updateCosine).toBeGreaterThan(-1);
    expect(first?.jaccardNull).toBeGreaterThan(0);
    // rank 8: there are no 16 directions
    expect(first?.subspaceSimilarity).toBeNull();
    expect(first?.reasons.join(' ')).toContain('lower rank');
    expect(model.pairs[2]?.subspaceSimilarity).toBeGreaterThan(0);
  });

  it('sixteen runs', async () => {
    const tuned = Array.from({ length: 16 }, (_, i) => checkpoint(`of-16/${i}`, 20 + i, 0.01));
    const { model, tensors } = await runs(base(), tuned);
    expect(model.pairs).toHaveLength(120);
    expect(tensors[0]?.pairs).toHaveLength(120);
    expect(model.consensus).toHaveLength(17);
    expect(model.pairs.every(({ updateCosine }) => Math.abs(updateCosine ?? 1) < 0.2)).toBe(true);
  });

  it('a tensor of one run that cannot be read fails for that run, and the others go on', async () => {
    const tuned = [checkpoint('a', 2, 0.01), checkpoint('cut', 3, 0.01), checkpoint('b', 4, 0.01)];
    const from = base();
    const read = StoredWeight.prototype.readRows;
    const spy = vi.spyOn(StoredWeight.prototype, 'readRows').mockImplementation(function (this: StoredWeight, ...args) {
      const isCut = this.entries[0]?.file === 'cut.safetensors' && this.name !== up(0);
      if (isCut) throw new OffaxisError('read-failed', `${this.name}: the file ends before it.`);
      return read.apply(this, args);
    });
    try {
      const { found } = await several(from, tuned);
      expect(found.runs.map(({ failed }) => [...failed.keys()].sort())).toEqual([[], [up(1), 'model.norm.weight'], []]);
      expect(found.runs.map(({ tensors }) => tensors.size)).toEqual([3, 1, 3]);
      expect(found.agreements.get(up(1))?.pairs.map(({ i, j }) => [i, j])).toEqual([[0, 2]]);
      expect(found.agreements.get(up(1))?.consensus).toBeNull();
    } finally {
      spy.mockRestore();
    }
  });

  it('is refused by leading triplets alone', async () => {
    const from = base();
    const tuned = [checkpoint('one', 2, 0.01), checkpoint('two', 3, 0.01)];
    const parameters = { ...DEFAULT_PARAMETERS, spectra: 'leading' } as const;
    const events = analysis.several({ base: from, tuned, parameters, steps: null }, new AbortController().signal);
    await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'bad-parameter' });
  });

  it('stops soon after a cancel', async () => {
    const abort = new AbortController();
    let matrices = 0;
    const request: SeveralRequest = {
      base: sample('base'),
      tuned: RUNS.map(sample),
      parameters: DEFAULT_PARAMETERS,
      steps: null,
    };
    const run = (async () => {
      for await (const event of analysis.several(request, abort.signal))
        if (event.type === 'agreement' && ++matrices === 2) abort.abort();
    })();
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
    expect(matrices).toBeLessThan(42);
  });
});
