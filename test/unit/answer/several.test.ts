import { describe, expect, it } from 'vitest';
import { answerText } from '../../../src/answer/render.ts';
import { answerToRuns, type Runs } from '../../../src/answer/runs.ts';
import { answerToSteps, type Steps } from '../../../src/answer/steps.ts';
import { theClause } from './cases.ts';

/** Of the sample family: three runs of one base, and the steps of one, float64. */
const SAMPLES: Runs = {
  runs: [
    { name: 'rl', relativeUpdate: 0.005725 },
    { name: 'rl-hot', relativeUpdate: 0.02232 },
    { name: 'sft', relativeUpdate: 0.1777 },
  ],
  pairs: [
    { i: 0, j: 1, updateCosine: 0.8893, signAgreement: 0.9509 },
    { i: 0, j: 2, updateCosine: 0.01796, signAgreement: 0.4944 },
    { i: 1, j: 2, updateCosine: 0.02831, signAgreement: 0.4975 },
  ],
};
const STEPS: Steps = {
  lastStep: 600,
  relativeUpdate: 0.006466,
  increments: [0.001993, 0.002001, 0.002004, 0.001959, 0.001965, 0.001952],
  pathEfficiency: 0.5445,
  pathEfficiencyWalk: 0.4083,
  rank1Variance: 0.908,
  rank1VarianceWalk: 0.8216,
};
const cosines = (...values: readonly (readonly [i: number, j: number, updateCosine: number])[]): Runs => ({
  runs: ['a', 'b', 'c', 'd']
    .slice(0, 1 + Math.max(...values.map(([, j]) => j)))
    .map((name) => ({ name, relativeUpdate: 0.01 })),
  pairs: values.map(([i, j, updateCosine]) => ({ i, j, updateCosine, signAgreement: 0.5 + updateCosine / 2 })),
});

describe('several runs of one base', () => {
  it('the sample family', () => {
    expect(answerText(answerToRuns(SAMPLES))).toBe(
      'sft moved about ×31 as far as rl (rl 0.57 %, rl-hot 2.2 % and sft 18 %). ' +
        'rl and rl-hot point the same way (cosine 0.89, signs agree in 95 %, independent 0 and 50 %). ' +
        'sft shares no direction with the others (cosine 0.018 and 0.028, independent 0).',
    );
    expect(theClause(answerToRuns(SAMPLES), 'no-direction-shared').kind).toBe('quiet');
  });
  it('point opposite ways from -0.3 on', () => {
    const answer = answerToRuns(cosines([0, 1, -0.6]));
    expect(answerText(answer)).toBe(
      'The runs moved about equally far (a 1 % and b 1 %). a and b point opposite ways (cosine -0.60, signs agree in 20 %, independent 0 and 50 %).',
    );
    expect(answerText(answerToRuns(cosines([0, 1, -0.3])))).toContain('The runs share no direction (cosine -0.30,');
    expect(answerText(answerToRuns(cosines([0, 1, 0.3])))).toContain('The runs share no direction');
    expect(answerText(answerToRuns(cosines([0, 1, 0.31])))).toContain('a and b point the same way');
  });
  it('runs of which every two point the same way are named together, and of many pairs the rest is counted', () => {
    const text = answerText(
      answerToRuns(cosines([0, 1, 0.9], [0, 2, 0.8], [1, 2, 0.7], [0, 3, 0], [1, 3, 0], [2, 3, 0])),
    );
    expect(text).toContain(
      'a, b and c point the same way (cosine 0.70 to 0.90, signs agree in 85 % to 95 %, independent',
    );
    expect(text).toContain('d shares no direction with the others');
    const every = Array.from({ length: 16 }, (_, i) => i);
    const pairs = every.flatMap((i) =>
      every.filter((j) => j > i).map((j) => ({ i, j, updateCosine: i % 2 === j % 2 ? 0.9 : 0, signAgreement: 0.5 })),
    );
    const many = answerToRuns({ runs: every.map((run) => ({ name: `r${run}`, relativeUpdate: 0.01 })), pairs });
    const said = answerText(many);
    expect(said).toContain('r0, r2, r4, r6, r8, r10 and 2 more point the same way');
    expect(said).toContain('r1, r3, r5, r7, r9, r11 and 2 more point the same way');
    // 8 by 8 pairs: three are named
    expect(said).toContain('r0 and r5 share no direction (cosine 0, independent 0); 61 more pairs share no direction');
    expect(many.sentences.flat().length).toBeLessThan(10);
  });
  it('two and two: what is said of a pair is not said of all', () => {
    const text = answerText(
      answerToRuns(cosines([0, 1, 0.9], [2, 3, 0.9], [0, 2, 0], [0, 3, 0.5], [1, 2, 0], [1, 3, 0.5])),
    );
    expect(text).toContain('a and c share no direction (cosine 0, independent 0); b and c share no direction');
    expect(text).not.toMatch(/the others|the runs share/i);
  });
  it('shows names as they may be shown', () => {
    const [first, ...rest] = SAMPLES.runs;
    const runs = [{ ...first, name: 'r\u202el', relativeUpdate: 0.005 }, ...rest];
    expect(answerText(answerToRuns({ ...SAMPLES, runs }))).toContain('as far as r\\u{202E}l (');
  });
});

describe('the steps of one run', () => {
  it('of the sample family: straighter than a walk, and of one direction', () => {
    expect(answerText(answerToSteps(STEPS))).toBe(
      "Over 600 steps the update grew to 0.65 % of the base's norm (a random walk of the same steps: 0.48 %). " +
        'Its path is straighter than a random walk (efficiency 0.54, walk 0.41); one direction explains more of it than of a walk (91 %, walk 82 %).',
    );
  });
  it("is like a random walk's if it is not over it by a tenth, said last", () => {
    const straight = { ...STEPS, pathEfficiency: 0.42 };
    expect(answerText(answerToSteps(straight))).toContain(
      "One direction explains more of it than of a walk (91 %, walk 82 %). Its path is as straight as a random walk's (efficiency 0.42, walk 0.41).",
    );
    const walk = answerToSteps({ ...straight, rank1Variance: 0.85 });
    expect(answerText(walk)).toContain(
      "Its path is as straight as a random walk's (efficiency 0.42, walk 0.41); the share of it that one direction explains is like a random walk's (85 %, walk 82 %).",
    );
    expect(walk.sentences.flat().map(({ kind }) => kind)).toEqual(['size', 'quiet', 'quiet']);
  });
});
