/** The streaming pass over files that a thread reads itself: the figures of the ordinary way, bit for bit, and its errors. */
import { truncateSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeOf, CHUNK_WEIGHTS, type Change } from '../../../src/analysis/change.ts';
import { openCheckpoint, pairCheckpoints, type WeightPair } from '../../../src/checkpoint/index.ts';
import type { ElementKernels, LinearAlgebraBackend } from '../../../src/linalg/backend.ts';
import { createWasmBackend } from '../../../src/linalg/wasm/index.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { safetensors, type Entry } from '../formats/build.ts';
import { buildWasm, type WasmBuild } from '../linalg/wasmBuild.ts';
import { encode, normal } from '../matrices.ts';

const folder = temporaryFolder();
const signal = new AbortController().signal;
let build: WasmBuild;
let backend: LinearAlgebraBackend;
beforeAll(async () => {
  build = await buildWasm();
  backend = await createWasmBackend({ ...build, threads: 1 });
});
afterAll(async () => {
  await backend.dispose();
  build.remove();
});

/** The backend with what its threads read of files counted, up to `most` chunks. */
function counted(most: number): { with: LinearAlgebraBackend; chunks: { read: number; failed: number } } {
  const kernels = backend.elements as ElementKernels;
  const chunks = { read: 0, failed: 0 };
  const compareFiles: ElementKernels['compareFiles'] = async (...input) => {
    const found = chunks.read < most ? await kernels.compareFiles(...input) : null;
    if (found) chunks.read++;
    else chunks.failed++;
    return found;
  };
  const elements: ElementKernels = { ...kernels, compareFiles };
  return { with: { ...backend, elements }, chunks };
}
async function opened(
  name: string,
  entries: Record<string, Entry>,
): Promise<Awaited<ReturnType<typeof openCheckpoint>>> {
  return openCheckpoint(folder.write(`${name}.safetensors`, safetensors(entries, undefined, 3)));
}
/** A few thousand weights over and over, of which some differ. */
function sides(dtype: 'BF16' | 'F16' | 'F32', shape: readonly number[]): [base: Entry, tuned: Entry] {
  const next = normal(shape.length);
  const base = Float64Array.from({ length: 5003 }, () => 0.02 * next());
  const tuned = base.map((w, i) => (i % 3 === 0 ? w : w + 1e-4 * next()));
  const count = shape.reduce((a, b) => a * b, 1);
  const entry = (values: Float64Array): Entry => {
    const few = encode(dtype, values);
    const data = new Uint8Array((count * few.length) / values.length);
    for (let at = 0; at < data.length; at += few.length) data.set(few.subarray(0, data.length - at), at);
    return { dtype, shape: [...shape], data };
  };
  return [entry(base), entry(tuned)];
}
async function pairOf(
  name: string,
  [base, tuned]: [Entry, Entry],
): Promise<{ pair: WeightPair; close: () => Promise<unknown> }> {
  const checkpoints = [
    await opened(`${name}-base`, { before: { dtype: 'F32', shape: [1], data: new Uint8Array(4) }, 'w.weight': base }),
    await opened(`${name}-tuned`, { 'w.weight': tuned }),
  ] as const;
  const { pairs } = pairCheckpoints(...checkpoints, { includeEmbeddings: false, tensors: 'w.weight' });
  return { pair: pairs[0] as WeightPair, close: () => Promise.all(checkpoints.map((side) => side.close())) };
}
const figures = ({ tensor: { elapsedMs: _, ...tensor }, ...rest }: Change): unknown => ({ ...rest, tensor });

describe('changes of weights in files', () => {
  it.each([
    ['chunks of rows, and a rest', 'BF16', [1100, 5000], 2],
    ['a vector', 'F32', [9001], 1],
    ['a stack', 'F16', [7, 100, 90], 1],
    ['a row longer than a chunk', 'BF16', [1, CHUNK_WEIGHTS + 77], 2],
  ] as const)('of %s in %s are those of the ordinary way', { timeout: 120_000 }, async (name, dtype, shape, chunks) => {
    const { pair, close } = await pairOf(name, sides(dtype, shape));
    const [direct, ordinary] = [counted(Infinity), counted(0)];
    const actual = await changeOf(pair, DEFAULT_PARAMETERS, direct.with, signal);
    const expected = await changeOf(pair, DEFAULT_PARAMETERS, ordinary.with, signal);
    await close();
    expect(direct.chunks).toEqual({ read: chunks, failed: 0 });
    expect(ordinary.chunks.read).toBe(0);
    expect(expected.tensor.metrics.updateNorm).toBeGreaterThan(0);
    expect(figures(actual)).toEqual(figures(expected));
  });

  it.each([
    ['rows', [1100, 5000]],
    ['a single row, longer than a chunk', [2, CHUNK_WEIGHTS + 77]],
    ['a part of a vector', [CHUNK_WEIGHTS + 77]],
  ] as const)('of %s that no thread can read come in the ordinary way behind the others', async (name, shape) => {
    const { pair, close } = await pairOf(`left-${name}`, sides('BF16', shape));
    const [once, ordinary] = [counted(1), counted(0)];
    const actual = await changeOf(pair, DEFAULT_PARAMETERS, once.with, signal);
    const expected = await changeOf(pair, DEFAULT_PARAMETERS, ordinary.with, signal);
    await close();
    expect(once.chunks).toEqual({ read: 1, failed: 1 });
    // counters of millions of columns
    expect(isDeepStrictEqual(figures(actual), figures(expected))).toBe(true);
  });

  it('of a file that is cut meanwhile fail in the words of the ordinary way', async () => {
    const { pair, close } = await pairOf('cut', sides('BF16', [200, 300]));
    truncateSync(
      folder.write('cut-tuned.safetensors', safetensors({ 'w.weight': sides('BF16', [200, 300])[1] })),
      1000,
    );
    const { with: direct, chunks } = counted(Infinity);
    await expect(changeOf(pair, DEFAULT_PARAMETERS, direct, signal)).rejects.toMatchObject({
      code: 'read-failed',
      message: expect.stringContaining('cut-tuned.safetensors') as string,
    });
    expect(chunks.read).toBe(0);
    await close();
  });

  it('of two types, or of a part that is not one run, come in the ordinary way', async () => {
    const [base] = sides('F32', [90, 100]);
    const [, tuned] = sides('BF16', [90, 100]);
    const { pair, close } = await pairOf('types', [base, tuned]);
    const { with: direct, chunks } = counted(Infinity);
    await changeOf(pair, DEFAULT_PARAMETERS, direct, signal);
    await close();
    expect(chunks).toEqual({ read: 0, failed: 0 });
  });

  it('are cancelled', async () => {
    const { pair, close } = await pairOf('cancelled', sides('BF16', [200, 300]));
    const { with: direct } = counted(Infinity);
    await expect(changeOf(pair, DEFAULT_PARAMETERS, direct, AbortSignal.abort())).rejects.toMatchObject({
      code: 'cancelled',
    });
    await close();
  });
});
