/** From files to the answer: pairs that differ in one way each, through the whole engine, and the clauses that say how. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ComparisonResult } from '../../../src/protocol/results.ts';
import { PAIR_NAMES, writePair, type PairName } from '../casePairs.ts';

const CLI = resolve('dist/cli.mjs');
let directory: string;
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
  directory = mkdtempSync(join(tmpdir(), 'offaxis-cases-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function compare(base: string, tuned: string): Promise<ComparisonResult> {
  const run = await promisify(execFile)(process.execPath, [CLI, 'compare', base, tuned, '--twin', '--json', '-'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  expect(run.stderr).toBe('');
  return JSON.parse(run.stdout) as ComparisonResult;
}

/** The clauses in the order of the answer, and words that have to stand in it. */
const ANSWERS: Readonly<Record<PairName, { codes: string; words: readonly RegExp[] }>> = {
  same: { codes: 'nothing-changed', words: [/both checkpoints store the same weights/] },
  cast: { codes: 'only-cast cast-equal', words: [/from F32 to BF16/, /0 of 1\s111\s424 differ/] },
  noise: { codes: 'share size evenly all-like-noise mask-noise', words: [/Three quarters of the weights/] },
  one: {
    codes: 'one-matrix size-of-matrix direction-main-low spectrum-further turn-less mask-noise',
    words: [/layer 3, v \(1 of 42\)/],
  },
  null: { codes: 'nothing-finite', words: [/42 of 42 not finite/] },
  rotated: { codes: 'lineage lineage-rotated', words: [/in another basis/, /do not show what training did/] },
  unrelated: { codes: 'lineage lineage-unrelated', words: [/unrelated directions/, /do not show what training did/] },
  llama24: {
    codes:
      'share concentrated far direction-main-low direction-no-direction-low spectrum-further direction-noise mask-noise',
    words: [
      /concentrated in layers 6-17 and 20 \(over 99 % of its energy\)/,
      /layers 11, 12 and 20 moved about/,
      /In v and down the update is low-rank and lies in the base's main directions/,
      /in q and k it is low-rank, but in no main direction/,
      /In v and down the spectrum moved/,
      /Elsewhere it points like noise of the same size/,
    ],
  },
  moe: {
    codes: 'share size experts direction-main-low direction-small direction-noise mask-noise',
    words: [
      /Four experts moved/,
      /7 in layer 5, 11 in layer 5, 3 in layer 2 and 7 in layer 3/,
      /In the experts that moved the update is low-rank and leans into the base's main directions/,
      /router is too small to say/,
    ],
  },
};

describe('the answer to files', () => {
  it.each(PAIR_NAMES)('%s', { timeout: 600_000 }, async (name) => {
    const { base, tuned } = writePair(name, 'media/samples', join(directory, name));
    const { answer } = await compare(base, tuned);
    const { codes, words } = ANSWERS[name];
    expect(answer.sentences.flat().map(({ code }) => code)).toEqual(codes.split(' '));
    for (const word of words) expect(answer.text).toMatch(word);
  });
});
