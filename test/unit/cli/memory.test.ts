/**
 * What `--memory` allows is what the process takes, told by the system as the process ends. Wide matrices: their memory is that of their
 * weights, their work that of a small one.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { leastCap } from '../../../src/analysis/memoryCap.ts';

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
      const large = matrix({ rows: 1024, columns: 16384 }, step);
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

  it('that holds nothing is refused with what it takes', async () => {
    const { status, stderr } = await compare('--memory', `${Math.floor(leastCap() / MB) - 1}MB`);
    expect(status).toBe(2);
    expect(stderr).toContain('of memory are too little');
  }, 600_000);
});
