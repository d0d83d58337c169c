/** Files far larger than memory are opened by their headers: sparse ones of 20 GB, in the built command line. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, ftruncateSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { gguf } from '../formats/ggufBuild.ts';
import { pickle, tensor } from '../formats/pickleBuild.ts';
import { zipPieces } from '../formats/zipBuild.ts';

const CLI = resolve('dist/cli.mjs');
const SHAPE = [50_000, 100_000];
const ELEMENTS = 50_000 * 100_000;
const BYTES = 4 * ELEMENTS;
/** Node and the bundle by themselves take about a third of it. */
const MOST_RESIDENT_KIB = 300_000;
/** ru_maxrss, in KiB on every system that Node runs on. */
const TELL_MEMORY =
  "data:text/javascript,process.on('exit',()=>process.stderr.write('RESIDENT '+process.resourceUsage().maxRSS))";

let folder: string;
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
});
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'offaxis-large-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A file of `sizeBytes` with these pieces, and holes between them. */
function writeSparse(name: string, sizeBytes: number, pieces: readonly { at: number; bytes: Uint8Array }[]): string {
  const path = join(folder, name);
  const file = openSync(path, 'w');
  for (const { at, bytes } of pieces) writeSync(file, bytes, 0, bytes.length, at);
  ftruncateSync(file, sizeBytes);
  closeSync(file);
  return path;
}

const FILES: Record<string, () => string> = {
  'model.pt': () => {
    const value = {
      'model.embed_tokens.weight': tensor({ key: '0', elements: ELEMENTS, shape: SHAPE, strides: [100_000, 1] }),
    };
    const parts = [
      { name: 'archive/data.pkl', data: pickle(value) },
      { name: 'archive/data/0', data: BYTES },
    ];
    const pieces = zipPieces(parts, { zip64: true });
    const last = pieces.at(-1);
    return writeSparse('model.pt', last ? last.at + last.bytes.length : 0, pieces);
  },
  'model.gguf': () => {
    const head = gguf(
      { 'general.architecture': 'llama' },
      { 'token_embd.weight': { dtype: 'F32', shape: SHAPE, data: new Uint8Array(0) } },
    );
    return writeSparse('model.gguf', head.length + BYTES, [{ at: 0, bytes: head }]);
  },
};

it.each(Object.keys(FILES))(
  '%s of 20 GB is opened in less than 300 MB of memory',
  async (name) => {
    const path = (FILES[name] as () => string)();
    expect(statSync(path).size).toBeGreaterThan(BYTES);
    const child = spawn(process.execPath, ['--import', TELL_MEMORY, CLI, 'inspect', path, '--json', '-']);
    const told = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].on('data', (text) => (told[stream] += String(text)));
    const [status] = (await once(child, 'close')) as [number | null];
    expect(status, told.stderr).toBe(0);
    const result = JSON.parse(told.stdout) as { tensors: { shape: number[]; sizeBytes: number }[] };
    expect(result.tensors.map(({ shape, sizeBytes }) => ({ shape, sizeBytes }))).toEqual([
      { shape: SHAPE, sizeBytes: BYTES },
    ]);
    const resident = Number(/RESIDENT (\d+)/.exec(told.stderr)?.[1]);
    expect(resident).toBeGreaterThan(0);
    expect(resident).toBeLessThan(MOST_RESIDENT_KIB);
  },
  600_000,
);
