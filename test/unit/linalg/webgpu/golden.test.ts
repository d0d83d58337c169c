/** The sample family through the WebGPU backend against float64 LAPACK, field by field. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CheckpointCache } from '../../../../src/analysis/checkpointCache.ts';
import { ComparisonCache } from '../../../../src/analysis/comparisonCache.ts';
import { compareSeveral } from '../../../../src/analysis/several.ts';
import type { LinearAlgebraBackend } from '../../../../src/linalg/backend.ts';
import { createWasmBackend, type WasmBackend } from '../../../../src/linalg/wasm/index.ts';
import { createWebGpuBackend } from '../../../../src/linalg/webgpu/index.ts';
import { DEFAULT_PARAMETERS } from '../../../../src/protocol/results.ts';
import { SeveralAccumulator } from '../../../../src/results/several.ts';
import { compareSample, expectMatchesGolden, loadGolden, loadSample, loadTwinGolden } from '../../golden.ts';
import { expectValues, RUNS, runsGolden, STEPS, stepsGolden } from '../../severalGolden.ts';
import { buildWasm, type WasmBuild } from '../wasmBuild.ts';
import { openTestDevice, type TestDevice } from './device.ts';

const base = loadSample('base');
/**
 * Every second matrix of one pair; of the others every sixth, which are one of each of the seven modules, each in another layer. All 42 are
 * held to the goldens on the CPU, and on a GPU by the browser's test.
 */
const PAIRS = [
  ['rl', 'base-to-rl', 2],
  ['rl-hot', 'base-to-rl-hot', 6],
  ['sft', 'base-to-sft', 6],
  ['rl-steps/step-100', 'base-to-rl-step-100', 6],
] as const;

let held: TestDevice;
let build: WasmBuild;
let cpu: WasmBackend;
let backend: LinearAlgebraBackend;
beforeAll(async () => {
  held = await openTestDevice();
  build = await buildWasm();
  cpu = await createWasmBackend({ ...build, threads: 2 });
  backend = await createWebGpuBackend({
    ...{ device: held.device, adapterName: held.name, cpu, tail: cpu.tail, memoryCap: 2 ** 30 },
  });
});
afterAll(async () => {
  await backend?.dispose();
  held?.device.destroy();
  await held?.device.lost;
  await cpu?.dispose();
  build?.remove();
});

it.each(PAIRS)(
  'base to %s agrees in every field',
  async (folder, file, step) => {
    const tuned = loadSample(folder);
    let matrices = 0;
    const work = [...loadGolden(file)].flatMap(([name, expected]) => {
      const [before, after] = [base.get(name), tuned.get(name)];
      if (!before || !after) throw new Error(`The samples hold no ${name}.`);
      const wanted = 'nss' in expected && matrices++ % step === 0;
      return wanted ? [{ name, expected, before, after }] : [];
    });
    expect(matrices).toBe(42);
    expect(new Set(work.map(({ name }) => name.replace(/\d+/, ''))).size).toBe(7);
    // in flight together, so that they go in batches
    const results = await Promise.all(work.map(({ before, after }) => compareSample(backend, before, after, true)));
    for (const [i, { name, expected }] of work.entries()) expectMatchesGolden(results[i] as never, expected, name);
  },
  // a cold shader cache
  600_000,
);

it.each(['rl', 'sft'])('the noise twin of base to %s agrees in every field', async (folder) => {
  const tuned = loadSample(folder);
  const work = [...loadTwinGolden(folder)].filter((_, i) => i % 6 === 0);
  const results = await Promise.all(
    work.map(([name]) => {
      const [before, after] = [base.get(name), tuned.get(name)];
      if (!before || !after) throw new Error(`The samples hold no ${name}.`);
      return compareSample(backend, before, after, true, name);
    }),
  );
  expect(results).toHaveLength(7);
  for (const [i, [name, expected]] of work.entries()) expectMatchesGolden(results[i] as never, expected, name);
});

/** Every tuned side in the files, matrix by matrix on the device. */
async function several(tuned: readonly string[], tensors: string, steps: { start: number; steps: number[] } | null) {
  const base = 'media/samples/base';
  const parameters = { ...DEFAULT_PARAMETERS, tensors };
  const comparisons = new ComparisonCache(new CheckpointCache());
  const held = [];
  for (const path of tuned) held.push(await comparisons.hold({ base, tuned: path, tensors, includeEmbeddings: false }));
  const found = new SeveralAccumulator(tuned.length);
  try {
    const opened = held.map(({ open }) => open);
    const request = { base, tuned, parameters, steps };
    for await (const event of compareSeveral(backend, opened, request, new AbortController().signal)) found.add(event);
  } finally {
    for (const { release } of held) await release();
    await comparisons.dispose();
  }
  for (const run of found.runs) for (const { computedOn } of run.tensors.values()) expect(computedOn).toBe('gpu');
  return { found, parameters };
}

it('several runs agree in every field', async () => {
  const golden = runsGolden();
  const tuned = RUNS.map((name) => `media/samples/${name}`);
  const { found, parameters } = await several(tuned, '*layers.0.*_proj.weight,*layers.4.*_proj.weight', null);
  const names = tuned.map((path) => ({ name: path, path }));
  const { tensors } = found.runsResult(names, 'base', parameters);
  expect(tensors).toHaveLength(14);
  for (const { name, pairs } of tensors)
    for (const pair of pairs) expectValues(pair, golden.tensors[name]?.[`${pair.i},${pair.j}`] ?? {}, name);
}, 600_000);

it('the steps of a run agree in every field', async () => {
  const golden = stepsGolden();
  const at = { start: 0, steps: STEPS.map(([step]) => step) };
  const paths = STEPS.map(([, path]) => path);
  const { found, parameters } = await several(paths, Object.keys(golden.tensors).join(','), at);
  const { tensors } = found.stepsResult(paths, at, 'base', parameters);
  expect(tensors).toHaveLength(3);
  for (const tensor of tensors) expectValues(tensor, golden.tensors[tensor.name] ?? {}, tensor.name);
}, 600_000);
