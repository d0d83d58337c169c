/** What a cap on memory leaves out and lets wait: by the bytes that are reckoned, whatever the machine has. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { inspectCheckpoint } from '../../../src/analysis/inspect.ts';
import { Ahead, type Part } from '../../../src/analysis/mask/ahead.ts';
import { leastCap, pairsBytes } from '../../../src/analysis/memoryCap.ts';
import { openCheckpoint, pairAdapter, pairCheckpoints } from '../../../src/checkpoint/index.ts';
import type { LinearAlgebraBackend } from '../../../src/linalg/backend.ts';
import { createReferenceBackend } from '../../../src/linalg/reference/index.ts';
import { createWasmBackend } from '../../../src/linalg/wasm/index.ts';
import type { ComparisonEvent, ComparisonPlan, InspectionEvent } from '../../../src/protocol/engine.ts';
import { DEFAULT_PARAMETERS, type AdapterUpdate, type ComparisonParameters } from '../../../src/protocol/results.ts';
import type { SeveralEvent } from '../../../src/protocol/several.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { safetensors, type Entry } from '../formats/build.ts';
import { encode, gaussian } from '../linalg/wasmCases.ts';

const folder = temporaryFolder();
const { signal } = new AbortController();
const names = [0, 1, 2, 3].map((layer) => `model.layers.${layer}.mlp.up_proj.weight`);

/** `count` matrices of one shape. */
function checkpoint(file: string, shape: [number, number], count: number, seed: number): string {
  const [rows, columns] = shape;
  const entries = names.slice(0, count).map((name, layer) => {
    // again from the first on: no column is like another, as the length is a prime
    const values = Float64Array.from({ length: 9973 }, gaussian(seed + layer));
    const all = Float64Array.from({ length: rows * columns }, (_, i) => values[i % values.length] as number);
    return [name, { dtype: 'BF16', shape, data: encode('BF16', all) }] as const;
  });
  return folder.write(file, safetensors(Object.fromEntries(entries)));
}
/** Runs work that stays open for some turns, and says how many did at once. */
function crowd(): { work: () => Promise<void>; most: () => number } {
  let [now, most] = [0, 0];
  return {
    most: () => most,
    async work() {
      most = Math.max(most, ++now);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      now--;
    },
  };
}

describe('runs of one base under the least cap, which leaves 64 MB for matrices', { timeout: 120_000 }, () => {
  let analysis: Analysis;
  let base: string;
  let tuned: string;
  beforeAll(async () => {
    if (!existsSync('dist/linalg-worker.mjs')) throw new Error('dist is missing: run "npm run build" first.');
    analysis = await createAnalysis({
      ...{ backend: 'cpu', threads: 4, memoryBytes: leastCap() },
      directory: resolve('dist'),
    });
    base = checkpoint('base.safetensors', [64, 16384], 1, 1);
    tuned = checkpoint('tuned.safetensors', [64, 16384], 1, 100);
  });
  afterAll(() => analysis.dispose());

  it('refuse a mask if there is room for none of it', async () => {
    const path = checkpoint('masked.safetensors', [64, 65536], 1, 1);
    const rest = { tuned: null, alpha: 0.3, maskRank: null, rho: 0.2, tensors: null, packed: false };
    const destination = join(folder.path, 'no-mask.safetensors');
    const asked = analysis.mask({ ...rest, base: path, kind: 'low', destination }, signal)[Symbol.asyncIterator]();
    await expect(asked.next()).rejects.toMatchObject({
      code: 'beyond-memory',
      message: expect.stringMatching(/no room for any mask\. .*its mask takes .*raise --memory/u) as unknown,
    });
    expect(existsSync(destination)).toBe(false);
  });

  async function several(runs: number): Promise<SeveralEvent[]> {
    const request = { base, tuned: Array<string>(runs).fill(tuned), parameters: DEFAULT_PARAMETERS, steps: null };
    const events: SeveralEvent[] = [];
    for await (const event of analysis.several(request, signal)) events.push(event);
    return events;
  }
  const ofRuns = (events: readonly SeveralEvent[]) => events.flatMap((one) => (one.type === 'run' ? [one.event] : []));

  it('leave out what only all of them together are too large for, in every plan, and say how each weight changed', async () => {
    const one = ofRuns(await several(1));
    expect(one.map(({ type }) => type)).toEqual(['plan', 'matrix']);
    const events = ofRuns(await several(8));
    const plans = events.flatMap((event) => (event.type === 'plan' ? [event.plan] : []));
    expect(plans).toHaveLength(8);
    for (const { pairs, cost, problems } of plans) {
      expect(pairs).toMatchObject([{ name: names[0], spectral: false }]);
      expect(pairs[0]?.reason).toContain('raise --memory');
      expect(cost.matrices).toBe(0);
      expect(problems).toMatchObject([{ code: 'beyond-memory', tensor: names[0] }]);
    }
    expect(events.slice(8).map(({ type }) => type)).toEqual(Array<string>(8).fill('change'));
  });
});

describe('a cap between what alignment and spectra take', { timeout: 120_000 }, () => {
  let analysis: Analysis;
  let compared: { base: string; tuned: string };
  beforeAll(async () => {
    compared = {
      base: checkpoint('long-base.safetensors', [64, 65536], 1, 1),
      tuned: checkpoint('long-tuned.safetensors', [64, 65536], 1, 100),
    };
    const [base, tuned] = [await openCheckpoint(compared.base), await openCheckpoint(compared.tuned)];
    const { pairs } = pairCheckpoints(base, tuned, { includeEmbeddings: false, tensors: null });
    const files = { kernelDirectory: 'dist/kernels', workerFile: 'dist/linalg-worker.mjs' };
    const backend = await createWasmBackend({ threads: 1, ...files });
    const [less, more] = (['leading', true] as const).map((spectra) =>
      pairsBytes(pairs, { ...DEFAULT_PARAMETERS, spectra }, backend),
    ) as [number, number];
    await backend.dispose();
    expect(more).toBeGreaterThan(1.2 * less);
    // the least cap leaves 64 MB
    const memoryBytes = leastCap() - 64e6 + (less + more) / 2;
    analysis = await createAnalysis({ backend: 'cpu', threads: 1, memoryBytes, directory: resolve('dist') });
  });
  afterAll(() => analysis.dispose());
  const events = async (spectra: ComparisonParameters['spectra']): Promise<ComparisonEvent[]> => {
    const request = { runId: 'r', ...compared, parameters: { ...DEFAULT_PARAMETERS, spectra } };
    const all: ComparisonEvent[] = [];
    for await (const event of analysis.compare(request, signal)) if (event.type !== 'progress') all.push(event);
    return all;
  };
  const planOf = ([first]: readonly ComparisonEvent[]): ComparisonPlan =>
    first?.type === 'plan' ? first.plan : expect.unreachable();

  it('computes the alignment', async () => {
    const all = await events('leading');
    expect(all.map(({ type }) => type)).toEqual(['plan', 'change', 'matrix']);
    expect(planOf(all)).toMatchObject({ pairs: [{ spectral: true }], problems: [] });
    expect(all[2]).toMatchObject({ tensor: { metrics: { updateTop1Share: expect.anything() as unknown } } });
  });
  it('leaves out the spectra, with what else to do', async () => {
    const all = await events(true);
    expect(all.map(({ type }) => type)).toEqual(['plan', 'change']);
    const { pairs, problems } = planOf(all);
    expect(pairs).toMatchObject([{ name: names[0], spectral: false }]);
    expect(pairs[0]?.reason).toMatch(
      /^its spectra take .*raise --memory \(offaxis\.memory\), or end with --until alignment$/u,
    );
    expect(problems).toMatchObject([{ code: 'beyond-memory', tensor: names[0] }]);
  });
});

it('what has no room by itself is left out of the spectra of one checkpoint, unread, and the rest computed', async () => {
  const entries = Object.entries({ small: 8, large: 64 }).map(([name, side], i): [string, Entry] => {
    const data = encode('BF16', Float64Array.from({ length: side * side }, gaussian(i + 1)));
    return [`model.layers.0.mlp.${name}.weight`, { dtype: 'BF16', shape: [side, side], data }];
  });
  const opened = await openCheckpoint(
    folder.write('two.safetensors', safetensors(Object.fromEntries(entries))),
    signal,
  );
  const read: string[] = [];
  const watched: typeof opened = {
    ...opened,
    read: (row, ...rest) => (read.push(row.name), opened.read(row, ...rest)),
    verify: () => opened.verify(),
  };
  const backend = { ...createReferenceBackend(), budget: 100e3 };
  const params = { statistics: false, spectra: true, tensors: [], includeEmbeddings: false };
  const events: InspectionEvent[] = [];
  for await (const event of inspectCheckpoint(backend, watched, params, signal)) events.push(event);
  expect(events.flatMap((event) => (event.type === 'spectrum' ? [event.value.name] : []))).toEqual([
    'model.layers.0.mlp.small.weight',
  ]);
  const [failed] = events.filter((event) => event.type === 'failed');
  expect(failed).toMatchObject({ name: 'model.layers.0.mlp.large.weight', error: { code: 'beyond-memory' } });
  expect(failed?.error.message).toMatch(
    /takes .* of memory, and the cap leaves 100\.0 kB for matrices\. Raise --memory/u,
  );
  expect(new Set(read)).toEqual(new Set(['model.layers.0.mlp.small.weight']));
});

it('an update that has to be made whole says that it has no room', async () => {
  const at = 'test/fixtures/adapters';
  const [base, tuned] = [await openCheckpoint(`${at}/llama/base`), await openCheckpoint(`${at}/llama-dora/adapter`)];
  const options = { includeEmbeddings: false, tensors: null };
  const { pairs } = pairAdapter(base, tuned, tuned.adapter ?? expect.unreachable(), options);
  const params = { statistics: false, spectra: false, updates: true as const, tensors: [], includeEmbeddings: false };
  const updates = async (budget: number): Promise<AdapterUpdate[]> => {
    const found: AdapterUpdate[] = [];
    const backend = { ...createReferenceBackend(), budget };
    for await (const event of inspectCheckpoint(backend, tuned, params, signal, pairs))
      if (event.type === 'update') found.push(event.value);
    return found;
  };
  const [all, none] = [await updates(Infinity), await updates(1000)];
  expect(all.map(({ spectrum }) => spectrum === null)).toEqual(all.map(() => false));
  expect(none.map(({ name }) => name).sort()).toEqual(all.map(({ name }) => name).sort());
  for (const { spectrum, reasons } of none) {
    expect(spectrum).toBeNull();
    expect(reasons).toMatchObject([expect.stringMatching(/^it takes .* raise --memory/u)]);
  }
});

it('spectra of one checkpoint wait for their room', async () => {
  const path = checkpoint('one.safetensors', [16, 8], 4, 1);
  const opened = await openCheckpoint(path, signal);
  const atOnce = async (budget: number): Promise<number> => {
    const { work, most } = crowd();
    const reference = createReferenceBackend();
    const backend: LinearAlgebraBackend = {
      ...reference,
      ...{ parallelism: 4, budget, peakBytes: () => 1000 },
      async singularValues(matrix, options) {
        await work();
        return reference.singularValues(matrix, options);
      },
    };
    const params = { statistics: false, spectra: true, tensors: [], includeEmbeddings: false };
    let spectra = 0;
    for await (const { type } of inspectCheckpoint(backend, opened, params, signal)) if (type === 'spectrum') spectra++;
    expect(spectra).toBe(4);
    return most();
  };
  // 1000 bytes of work and 256 of codes each
  expect(await atOnce(Infinity)).toBe(4);
  expect(await atOnce(2600)).toBe(2);
  expect(await atOnce(1300)).toBe(1);
});

it('masks are computed ahead as far as there is room', async () => {
  const atOnce = async (budget?: number): Promise<number> => {
    const { work, most } = crowd();
    const parts = names.map((name): Part => {
      const compute = async () => (await work(), { mask: new Uint8Array(0), illDefined: false });
      const bytes = { here: 2000, thread: 1000 };
      return { name, count: 100, bytes, compute, view: { start: 0, rowStride: 10, columnStride: 1 } as never };
    });
    const ahead = new Ahead(parts, 4, signal, budget);
    for (const part of parts) await ahead.take(part);
    return most();
  };
  expect(await atOnce()).toBe(4);
  expect(await atOnce(6500)).toBe(2);
  expect(await atOnce(10)).toBe(1);
});
