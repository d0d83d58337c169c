import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import type * as wasm from '../../../src/linalg/wasm/index.ts';
import { settledStamps } from '../../../src/analysis/kept/stamps.ts';
import { openCheckpoint, StoredWeight } from '../../../src/checkpoint/index.ts';
import { DEFAULT_PARAMETERS, type ComparisonParameters } from '../../../src/protocol/results.ts';
import { Accumulator } from '../../../src/results/accumulator.ts';
import { readModel, writeSlime, type Tensors } from '../checkpoint/deltas/make.ts';

/** Every pair that the CPU's backend aligns, behind whatever keeps results: whether it was given the base's triplets. */
const aligned = vi.hoisted((): { given: boolean }[] => []);
vi.mock('../../../src/linalg/wasm/index.ts', async (original) => {
  const { createWasmBackend, ...others } = await original<typeof wasm>();
  return {
    ...others,
    async createWasmBackend(options: wasm.WasmBackendOptions): Promise<wasm.WasmBackend> {
      const backend = await createWasmBackend(options);
      const alignPair: wasm.WasmBackend['alignPair'] = (base, tuned, rest) => {
        aligned.push({ given: rest.leading !== undefined });
        return backend.alignPair(base, tuned, rest);
      };
      return { ...backend, alignPair };
    },
  };
});

const SAMPLES = resolve('media/samples');
/** a layer: seven matrices, and norms */
const MATRICES = 7;
const TENSORS = '*layers.1.*';
let folder: string;
let analysis: Analysis | null = null;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'offaxis-kept-'))));
afterEach(async () => {
  vi.restoreAllMocks();
  await analysis?.dispose();
  analysis = null;
  rmSync(folder, { recursive: true, force: true });
});

const warnings: string[] = [];
/** A process's whole life: what it prints, elapsed times aside. */
async function compared(
  base: string,
  tuned: string,
  { kept = true, ...more }: Partial<ComparisonParameters> & { kept?: boolean } = {},
): Promise<string> {
  const cache = kept ? { folder: join(folder, 'results'), maxBytes: 1e9 } : null;
  const log = { info: () => undefined, warn: (line: string) => void warnings.push(line) };
  analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist'), cache, log });
  const parameters = { ...DEFAULT_PARAMETERS, tensors: TENSORS, ...more };
  const found = new Accumulator();
  const request = { runId: 'kept', base, tuned, parameters };
  for await (const event of analysis.compare(request, new AbortController().signal)) found.add(event);
  await analysis.dispose();
  analysis = null;
  const result = { ...found.result(parameters), base: '', tuned: '' };
  return JSON.stringify(result, (name, value: unknown) => (name === 'elapsedMs' ? 0 : value));
}
/** Sides that may be changed, as old as stamps must be before they say anything. */
async function sides(): Promise<[string, string]> {
  const paths = ['base', 'rl'].map((name) => join(folder, name)) as [string, string];
  for (const [i, name] of ['base', 'rl'].entries())
    cpSync(join(SAMPLES, name), paths[i] as string, { recursive: true });
  await settle(paths);
  return paths;
}
async function settle(paths: readonly string[]): Promise<void> {
  const opened = await Promise.all(paths.map((path) => openCheckpoint(path)));
  await expect.poll(() => settledStamps(opened), { interval: 200 }).not.toBeNull();
  await Promise.all(opened.map((one) => one.close()));
}
/** Counts the looks at weights, whole and in chunks, which no thread takes by itself meanwhile. */
const looks = () => {
  vi.spyOn(StoredWeight.prototype, 'direct').mockResolvedValue(null);
  return vi.spyOn(StoredWeight.prototype, 'readRows');
};
const weightsOf = (folderOfSide: string): string => join(folderOfSide, 'model.safetensors');
/** Another bit in a byte of a file; of a checkpoint, in a weight that is compared. */
function flip(file: string, at = 5): void {
  const bytes = readFileSync(file);
  const place = file.endsWith('.safetensors') ? startOf(bytes) + at : bytes.length - at;
  bytes[place] = (bytes[place] as number) ^ 0x40;
  writeFileSync(file, bytes);
}
function startOf(bytes: Buffer): number {
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + headerBytes).toString()) as Record<
    string,
    { data_offsets: number[] }
  >;
  return 8 + headerBytes + (header['model.layers.1.mlp.up_proj.weight']?.data_offsets[0] ?? NaN);
}

describe('figures from the cache', () => {
  test('are bit for bit those without it, empty or full; full, no weight is read', async () => {
    const [base, tuned] = await sides();
    const without = await compared(base, tuned, { kept: false });
    expect(JSON.parse(without)).toMatchObject({ summary: { matrices: { done: MATRICES, planned: MATRICES } } });
    expect(await compared(base, tuned)).toBe(without);
    const read = looks();
    expect(await compared(base, tuned)).toBe(without);
    expect(read).not.toHaveBeenCalled();
    expect(await compared(base, tuned, { kept: false })).toBe(without);
    expect(read).toHaveBeenCalled();
  });

  test('an alignment alone, and then the whole: each has its own entries', async () => {
    const [base, tuned] = await sides();
    const alone = await compared(base, tuned, { kept: false, spectra: 'leading' });
    const whole = await compared(base, tuned, { kept: false });
    aligned.length = 0;
    expect(await compared(base, tuned, { spectra: 'leading' })).toBe(alone);
    expect(aligned).toEqual(Array(MATRICES).fill({ given: false }));
    expect(await compared(base, tuned)).toBe(whole);
    expect(await compared(base, tuned, { spectra: 'leading' })).toBe(alone);
    // a copy has other stamps and the same content
    const copy = join(folder, 'copy');
    cpSync(tuned, copy, { recursive: true });
    expect(await compared(base, copy, { spectra: 'leading' })).toBe(alone);
    expect(aligned).toHaveLength(MATRICES);
  });

  test('an alignment of another tuned side takes the leading triplets of its base from the cache', async () => {
    const [base, tuned] = await sides();
    const other = join(SAMPLES, 'sft');
    const without = await compared(base, other, { kept: false, spectra: 'leading' });
    await compared(base, tuned, { spectra: 'leading' });
    aligned.length = 0;
    expect(await compared(base, other, { spectra: 'leading' })).toBe(without);
    expect(aligned).toEqual(Array(MATRICES).fill({ given: true }));
    // With another alpha they might have been computed in the other way.
    const half = { spectra: 'leading', alpha: 0.5 } as const;
    aligned.length = 0;
    await compared(base, other, half);
    expect(aligned).toEqual(Array(MATRICES).fill({ given: false }));
  });

  test('with the twin, with other parameters, and of another tuned side of the same base', async () => {
    const [base, tuned] = await sides();
    const other = join(SAMPLES, 'sft');
    await compared(base, tuned);
    for (const more of [
      { alpha: 0.5, maskRank: 3, angleRank: 5 },
      { twin: true, twinSeed: 7 },
    ]) {
      const without = await compared(base, tuned, { ...more, kept: false });
      expect(await compared(base, tuned, more)).toBe(without);
      expect(await compared(base, tuned, more)).toBe(without);
    }
    expect(await compared(base, other)).toBe(await compared(base, other, { kept: false }));
  });

  test('whatever happens to the entries: damaged ones are computed anew', async () => {
    const [base, tuned] = await sides();
    const without = await compared(base, tuned);
    const results = join(folder, 'results');
    const entries = readdirSync(results, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.entry'),
    );
    expect(entries.length).toBeGreaterThan(2 * MATRICES);
    for (const [i, name] of entries.entries()) {
      const file = join(results, name);
      if (i % 3 === 0) flip(file, 5);
      else if (i % 3 === 1) writeFileSync(file, readFileSync(file).subarray(0, 200));
      else rmSync(file);
    }
    expect(await compared(base, tuned)).toBe(without);
    const read = looks();
    expect(await compared(base, tuned)).toBe(without);
    expect(read).not.toHaveBeenCalled();
    expect(warnings).toEqual([]);
  });
});

describe('a changed file is never served from the cache', () => {
  test('though it is a version between, of which a delta says only the change', { timeout: 120_000 }, async () => {
    const [base] = await sides();
    const versions = ['base', 'rl-steps/step-100', 'rl'].map((name) => readModel(join(SAMPLES, name)));
    const [first, step, rl] = versions as [Tensors, Tensors, Tensors];
    const between = await writeSlime(join(folder, 'run'), 1, [first, step]);
    const last = await writeSlime(join(folder, 'run'), 2, [step, rl]);
    await settle([base, between, last]);
    const before = await compared(base, last);
    const read = looks();
    expect(await compared(base, last)).toBe(before);
    expect(read).not.toHaveBeenCalled();
    flip(join(between, 'model-00000-of-00001.safetensors'));
    await settle([base, between, last]);
    const after = await compared(base, last);
    expect(read).toHaveBeenCalled();
    expect(after).not.toBe(before);
    expect(JSON.parse(after)).toMatchObject({ summary: { matrices: { done: MATRICES - 1, planned: MATRICES } } });
  });

  test('though its size and its time are what they were', async () => {
    const [base, tuned] = await sides();
    for (const side of [base, tuned]) {
      const before = await compared(base, tuned);
      const { atime, mtime } = statSync(weightsOf(side));
      flip(weightsOf(side));
      utimesSync(weightsOf(side), atime, mtime);
      await settle([base, tuned]);
      const after = await compared(base, tuned);
      expect(after).not.toBe(before);
      expect(after).toBe(await compared(base, tuned, { kept: false }));
    }
  });

  test('nor while another change within the same tick could hide: its stamps count for nothing yet', async () => {
    const [base, tuned] = await sides();
    await compared(base, tuned);
    flip(weightsOf(tuned));
    // However busy the machine is: a second after the change.
    vi.spyOn(Date, 'now').mockReturnValue(statSync(weightsOf(tuned)).ctimeMs + 1000);
    const changed = await compared(base, tuned);
    // No stamps are looked up for a file this new, and none kept: the weights are read every time.
    const read = looks();
    expect(await compared(base, tuned)).toBe(changed);
    expect(read).toHaveBeenCalled();
    flip(weightsOf(tuned), 15);
    expect(await compared(base, tuned)).not.toBe(changed);
  });

  test('nor one of which no stamp is to be had here, as of an address', async () => {
    const [base] = await sides();
    const checkpoint = await openCheckpoint(base);
    expect(await settledStamps([checkpoint])).not.toBeNull();
    expect(await settledStamps([{ ...checkpoint, path: 'https://example.org/base' }])).toBeNull();
    expect(await settledStamps([{ ...checkpoint, folder: join(folder, 'none') }])).toBeNull();
    await checkpoint.close();
  });

  test('nor one that changes while it is compared', async () => {
    const [base, tuned] = await sides();
    const real = StoredWeight.prototype.readRows;
    let rows = 0;
    vi.spyOn(StoredWeight.prototype, 'readRows').mockImplementation(async function (this: StoredWeight, ...rest) {
      await real.apply(this, rest);
      if (++rows === 5) flip(weightsOf(tuned));
    });
    await expect(compared(base, tuned)).rejects.toMatchObject({ code: 'read-failed' });
    vi.restoreAllMocks();
    await analysis?.dispose();
    await settle([base, tuned]);
    expect(await compared(base, tuned)).toBe(await compared(base, tuned, { kept: false }));
  });
});
