import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { openCheckpoint } from '../../../src/checkpoint/index.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { f32, safetensors, type Entry } from '../formats/build.ts';

/** Files that are written to while they are read: no figure may be of both, and no run may end as if nothing had happened. */
let analysis: Analysis;
const folder = temporaryFolder();
beforeAll(async () => {
  if (!existsSync('dist/linalg-worker.mjs')) throw new Error('dist is missing: run "npm run build" first.');
  analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());

const TENSORS = 12;
function fileOf(name: string, value: number): string {
  const entry = (i: number): Entry => ({
    dtype: 'F32',
    shape: [8, 8],
    data: f32(...Array.from({ length: 64 }, (_, k) => value + Math.sin(k * (i + 1)))),
  });
  const names = Array.from({ length: TENSORS }, (_, i) => `model.layers.${i}.self_attn.q_proj.weight`);
  return folder.write(name, safetensors(Object.fromEntries(names.map((tensor, i) => [tensor, entry(i)]))));
}
/** Other weights in the same place, as a training run that saves over its last step. */
function overwrite(path: string): void {
  const file = openSync(path, 'r+');
  writeSync(file, f32(...Array.from({ length: 64 }, () => 7)), 0, 256, 4096);
  closeSync(file);
}
const signal = new AbortController().signal;

/** Messages of what failed, and of how the run ended, with `change` done when the first result has come. */
async function messages(
  events: AsyncIterable<{ type: string; error?: { message: string }; finding?: { code: string; message: string } }>,
  first: string,
  change: () => void,
): Promise<{ failed: string[]; end: string | null }> {
  const failed: string[] = [];
  let isChanged = false;
  try {
    for await (const event of events) {
      if (event.error) failed.push(event.error.message);
      if (event.finding?.code === 'unreadable') failed.push(event.finding.message);
      if (event.type !== first || isChanged) continue;
      isChanged = true;
      change();
    }
    return { failed, end: null };
  } catch (error) {
    return { failed, end: (error as Error).message };
  }
}
const SENTENCE = /raced-\S+\.safetensors has changed since it was opened/;

describe('a file that is overwritten while it is read', () => {
  it('fails a comparison, and what of it was read afterwards', async () => {
    const base = fileOf('raced-base.safetensors', 0);
    const tuned = fileOf('tuned.safetensors', 0.5);
    const request = { runId: 'race', base, tuned, parameters: DEFAULT_PARAMETERS };
    const { failed, end } = await messages(analysis.compare(request, signal), 'change', () => overwrite(base));
    expect(end).toMatch(SENTENCE);
    for (const message of failed) expect(message).toMatch(SENTENCE);
    // the spectra of all matrices are read after it
    expect(failed.length).toBeGreaterThanOrEqual(TENSORS);
  });

  it('fails an inspection, also if every tensor had been read', async () => {
    const path = fileOf('raced-inspected.safetensors', 0);
    const params = { path, statistics: true, spectra: true, includeEmbeddings: false, tensors: [] };
    const { failed, end } = await messages(analysis.inspect(params, signal), 'statistics', () => overwrite(path));
    expect(end).toMatch(SENTENCE);
    expect(failed.length).toBeGreaterThanOrEqual(TENSORS);
    const late = fileOf('raced-late.safetensors', 0);
    const only = { ...params, path: late, spectra: false, tensors: ['model.layers.0.self_attn.q_proj.weight'] };
    expect((await messages(analysis.inspect(only, signal), 'statistics', () => overwrite(late))).end).toMatch(SENTENCE);
  });

  it('fails a scan', async () => {
    const path = fileOf('raced-scanned.safetensors', 0);
    expect((await messages(analysis.scan({ path }, signal), 'progress', () => overwrite(path))).end).toMatch(SENTENCE);
  });

  it('is refused tensor by tensor, after the last byte, and a file put in its place at the end', async () => {
    const path = fileOf('raced-read.safetensors', 0);
    const checkpoint = await openCheckpoint(path);
    const [row] = checkpoint.tensors.values();
    if (!row) throw new Error('no tensor');
    const target = new Uint8Array(row.sizeBytes);
    await checkpoint.read(row, 0, target);
    await checkpoint.verify();
    renameSync(fileOf('other.safetensors', 0), path);
    // the old file, which is still open, gives its own bytes
    await checkpoint.read(row, 0, target);
    await expect(checkpoint.verify()).rejects.toThrow(SENTENCE);
    await checkpoint.close();
    const again = await openCheckpoint(path);
    overwrite(path);
    await expect(again.read(row, 0, target)).rejects.toThrow(SENTENCE);
    await again.close();
  });
});

describe.skipIf(process.platform === 'win32')('a pipe', () => {
  it('under the name of a checkpoint, an index or a config is refused, and never waited on', async () => {
    mkdirSync(join(folder.path, 'pipes'));
    const pipe = (name: string): string => {
      const path = join(folder.path, 'pipes', name);
      execFileSync('mkfifo', [path]);
      return path;
    };
    for (const name of ['pipe.safetensors', 'pipe.safetensors.index.json'])
      await expect(openCheckpoint(pipe(name))).rejects.toThrow(/not a regular file/);
    const path = fileOf('pipes/beside.safetensors', 0);
    pipe('config.json');
    const checkpoint = await openCheckpoint(path);
    expect(checkpoint.problems.map(({ code }) => code)).toContain('config-unreadable');
    await checkpoint.close();
  });
});
