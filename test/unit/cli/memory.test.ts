/**
 * What `--memory` allows is what the process takes, told by the system as the process ends. Wide matrices: their memory is that of their
 * weights, their work that of a small one.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { leastCap } from '../../../src/analysis/memoryCap.ts';
import { openCheckpoint } from '../../../src/checkpoint/index.ts';
import { MASK_KEY, type MaskRecipe } from '../../../src/protocol/mask.ts';
import type { ComparisonResult, InspectionResult } from '../../../src/protocol/results.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { safetensors, type Entry } from '../formats/build.ts';
import { measured } from './measured.ts';

const MB = 1e6;
/** As many matrices at once, if nothing bounds them, with some 120 MB of a thread for each. */
const THREADS = 6;
/**
 * The cap itself is the promise: no margin is added to it. It is kept with room to spare, as `withinCap` takes 180 MB for the process,
 * which has some 130 here, and each pair is reckoned with float32 codes, twice, where these have bf16.
 */
const CAP = 500 * MB;
const SMALL = { rows: 256, columns: 16384 };
const LARGE = 'model.layers.0.mlp.up_proj.weight';

const folder = temporaryFolder();
const [base, tuned] = ['base', 'tuned'].map((name) => join(folder.path, `${name}.safetensors`)) as [string, string];

const compare = (...argv: string[]) =>
  measured('compare', base, tuned, '--no-cache', '--backend', 'cpu', '--threads', String(THREADS), ...argv);
const withSpectra = (stdout: string): string[] =>
  (JSON.parse(stdout) as { tensors: { name: string; metrics: { nss?: number } }[] }).tensors.flatMap(
    ({ name, metrics }) => (metrics.nss === undefined ? [] : [name]),
  );

/** bf16 codes of about 0.01 to 0.02, of either sign; every third is one code larger in the tuned file. */
function codes({ rows, columns }: typeof SMALL, step: number): Uint8Array {
  let state = 1;
  const of = Uint16Array.from({ length: rows * columns }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 0x3c00 + ((state >>> 24) & 0x7f) + ((state >>> 31) << 15) + (i % 3 ? 0 : step);
  });
  return new Uint8Array(of.buffer);
}

describe('--memory', () => {
  beforeAll(() => {
    const matrix = (shape: typeof SMALL, step: number): Entry => ({
      dtype: 'BF16',
      shape: [shape.rows, shape.columns],
      data: codes(shape, step),
    });
    for (const [step, file] of [base, tuned].entries()) {
      const small = Array.from(
        { length: 6 },
        (_, layer) => [`model.layers.${layer}.self_attn.q_proj.weight`, matrix(SMALL, step)] as const,
      );
      const large = matrix({ rows: 256, columns: 65536 }, step);
      writeFileSync(file, safetensors({ ...Object.fromEntries(small), [LARGE]: large }));
    }
  });

  it('is kept by fewer matrices at once, and by leaving out one that does not fit, which is named', async () => {
    const capped = await compare('--memory', `${CAP / MB}MB`, '--json', '-');
    expect(capped.stderr).toContain(`"${LARGE}" is left out of the spectra: its spectra take`);
    expect(capped.stderr).toContain('raise --memory');
    expect(capped.status).toBe(0);
    expect(withSpectra(capped.stdout)).toHaveLength(6);
    expect(capped.peakBytes).toBeLessThan(CAP);
    // the cap is what bounds them: the six alone take more without it
    const free = await compare('--tensors', '*q_proj*', '--json', '-');
    expect(withSpectra(free.stdout)).toHaveLength(6);
    expect(free.peakBytes).toBeGreaterThan(CAP);
  }, 600_000);

  it('leaves room for the alignment of a matrix whose spectra do not fit, and is kept', async () => {
    // between what the two take of the large matrix, with the program
    const cap = 800 * MB;
    const aligned = await compare('--memory', `${cap / MB}MB`, '--until', 'alignment', '--json', '-');
    expect(aligned).toMatchObject({ status: 0, stderr: '' });
    const { tensors } = JSON.parse(aligned.stdout) as ComparisonResult;
    expect(tensors.filter(({ metrics }) => typeof metrics.updateTop1Share === 'number')).toHaveLength(7);
    expect(aligned.peakBytes).toBeLessThan(cap);
    const { stderr, status } = await compare('--memory', `${cap / MB}MB`, '--tensors', LARGE);
    expect(status).toBe(0);
    expect(stderr).toMatch(/is left out of the spectra: its spectra take .* or end with --until alignment/u);
  }, 600_000);

  it('is kept by the spectra of one checkpoint, and what does not fit is said beside what does', async () => {
    const json = join(folder.path, 'inspected.json');
    const options = ['--no-cache', '--backend', 'cpu', '--threads', String(THREADS), '--memory', `${CAP / MB}MB`];
    const ran = await measured('inspect', base, '--spectra', ...options, '--json', json);
    expect(ran).toMatchObject({ status: 0 });
    expect(ran.peakBytes).toBeLessThan(CAP);
    const { tensors, summary, problems } = JSON.parse(readFileSync(json, 'utf8')) as InspectionResult;
    expect(summary.spectra).toEqual({ computed: 6, all: 7 });
    expect(tensors.filter(({ spectrum }) => spectrum === undefined).map(({ name }) => name)).toEqual([LARGE]);
    expect(problems).toMatchObject([{ severity: 'warning', code: 'beyond-memory', tensor: LARGE }]);
    expect(problems[0]?.message).toMatch(
      /is left out: its spectrum takes .* Raise --memory \(the setting offaxis\.memory\)\.$/u,
    );
    expect(ran.stdout).toContain('spectra: of 6 of 7 matrices');
  }, 600_000);

  it('is kept by masks, and what has none is named', async () => {
    const file = join(folder.path, 'mask.safetensors');
    const options = ['--kind', 'geo', '--threads', String(THREADS), '--memory', `${CAP / MB}MB`, '-o', file];
    const ran = await measured('mask', base, ...options);
    expect(ran).toMatchObject({ status: 0 });
    expect(ran.stdout).toContain(`1 of 7 tensors left out: ${LARGE} (its mask takes`);
    expect(ran.peakBytes).toBeLessThan(CAP);
    const written = await openCheckpoint(file);
    expect(written.tensors.size).toBe(6);
    const { leftOut } = JSON.parse(written.facts.metadata[MASK_KEY] ?? '') as MaskRecipe;
    expect(leftOut).toEqual([LARGE]);
    await written.close();
  }, 600_000);

  it('that holds nothing is refused with what it takes', async () => {
    const { status, stderr } = await compare('--memory', `${Math.floor(leastCap() / MB) - 1}MB`);
    expect(status).toBe(2);
    expect(stderr).toContain('of memory are too little');
  }, 600_000);
});
