/** What a cap on memory leaves out and lets wait: by the bytes that are reckoned, whatever the machine has. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { inspectCheckpoint } from '../../../src/analysis/inspect.ts';
import { Ahead, type Part } from '../../../src/analysis/mask/ahead.ts';
import { leastCap } from '../../../src/analysis/memoryCap.ts';
import { openCheckpoint } from '../../../src/checkpoint/index.ts';
import type { LinearAlgebraBackend } from '../../../src/linalg/backend.ts';
import { createReferenceBackend } from '../../../src/linalg/reference/index.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import type { SeveralEvent } from '../../../src/protocol/several.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { safetensors } from '../formats/build.ts';
import { encode, gaussian } from '../linalg/wasmCases.ts';

const folder = temporaryFolder();
const { signal } = new AbortController();
const names = [0, 1, 2, 3].map((layer) => `model.layers.${layer}.mlp.up_proj.weight`);

/** `count` matrices of one shape. */
function checkpoint(file: string, shape: [number, number], count: number, seed: number): string {
  const [rows, columns] = shape;
  const entries = names.slice(0, count).map((name, layer) => {
    const values = Float64Array.from({ length: rows * columns }, gaussian(seed + layer));
    return [name, { dtype: 'BF16', shape, data: encode('BF16', values) }] as const;
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

it('spectra of one checkpoint wait for their room', async () => {
  const path = checkpoint('one.safetensors', [16, 8], 4, 1);
  const opened = await openCheckpoint(path, signal);
  const atOnce = async (budget: number): Promise<number> => {
    const { work, most } = crowd();
    const reference = createReferenceBackend();
    const backend: LinearAlgebraBackend = {
      ...reference,
      ...{ parallelism: 4, budget, pairPeakBytes: () => 1000 },
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
  expect(await atOnce(100)).toBe(1);
});

it('masks are computed ahead as far as there is room', async () => {
  const atOnce = async (budget?: number): Promise<number> => {
    const { work, most } = crowd();
    const parts = names.map((name): Part => {
      const compute = async () => (await work(), { mask: new Uint8Array(0), illDefined: false });
      return { name, count: 100, compute, view: { start: 0, rowStride: 10, columnStride: 1 } as never };
    });
    const ahead = new Ahead(parts, 4, signal, budget);
    for (const part of parts) await ahead.take(part);
    return most();
  };
  expect(await atOnce()).toBe(4);
  // some 30 bytes a weight
  expect(await atOnce(6500)).toBe(2);
  expect(await atOnce(10)).toBe(1);
});
